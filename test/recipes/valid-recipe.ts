/** A valid recipe, whose parts tests replace. */
export const VALID = `name: small
model:
  - embedding: { vocab: 300, dim: 8 }
  - repeat: 2
    layers:
      - residual:
          - rms_norm: { name: norm }
          - ternary_linear: { name: up, out: 16 }
          - silu
          - ternary_linear: { name: down, out: 8 }
  - rms_norm: { gain: false }
  - tied_head
tokenizer: { type: byte_bpe, vocab: 300 }
data: { source: sample, seq_len: 16, batch: 4 }
optimizer: { type: sgd, lr: 0.01, momentum: 0.9 }
schedule: { type: cosine, min_lr: 0.001, warmup_steps: 10 }
train: { steps: 20 }
backend: reference
`;
