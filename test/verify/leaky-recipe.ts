import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PLUGIN = fileURLToPath(new URL('./leaky-layers.ts', import.meta.url));

/** Writes a small recipe with this layer between two right ones (and this head) into `dir`; returns its file. */
export async function leakyRecipe(dir: string, layer: string, head = 'tied_head'): Promise<string> {
  const text = `name: leaky
plugins: [${JSON.stringify(PLUGIN)}]
model:
  - embedding: { vocab: 300, dim: 16 }
  - residual:
      - rms_norm
      - ${layer}
      - ternary_linear: { name: up, out: 16 }
  - rms_norm: { gain: false }
  - ${head}
data: { source: sample, seq_len: 16, batch: 4 }
optimizer: { type: sgd, lr: 0.01 }
train: { steps: 4 }
eval: { every: 2, tokens: 500 }
sample: { max_tokens: 5 }
backend: reference
`;
  await mkdir(dir, { recursive: true });
  const file = join(dir, `${layer.replaceAll(/\W+/g, '-')}-${head}.yaml`);
  await writeFile(file, text);
  return file;
}
