import { EXAMPLE_COLS } from '../../src/core/component.ts';
import { Random } from '../../src/core/random.ts';
import { createRegistry } from '../../src/recipes/builtins.ts';
import { loadRecipe, type Recipe } from '../../src/recipes/load.ts';

export const VOCAB = 260;
/** The model's columns: less than a register of any instruction set holds, some of them, and a few more. */
const WIDTHS = [8, 24, 40];
/** The last two have no small multiple that is also a chunk of a sum, so blocks hold all rows. */
const SEQUENCES = [1, 16, 32, 64, 128, 256, 24, 100];

const registry = createRegistry();

/** Options that examples have for a few tokens, as this model needs them. */
const FITTED = { vocab: VOCAB, positions: Math.max(...SEQUENCES) };

/** As a recipe says it: the main option beside the name. */
function inRecipe(type: string, main: string | undefined, example: Record<string, unknown>): object {
  const fitted = Object.entries(FITTED).filter(([name]) => name in example);
  const { [main ?? '']: value, ...others } = { ...example, ...Object.fromEntries(fitted) };
  return { [type]: value === undefined ? others : value, ...(value !== undefined && others) };
}

const examplesOf = (kind: 'layer' | 'objective'): object[] =>
  registry
    .all(kind)
    .flatMap(({ type, main, examples }) =>
      examples.map((example: Record<string, unknown>) => inRecipe(type, main, example)),
    );

/** Every layer and head that is registered, in each of its variants: what is added is tried too. */
export const LAYERS = examplesOf('layer');
const HEADS = examplesOf('objective');

type Layers = (string | object)[];

/** Draws the layers of a model: examples of all that are registered, inside containers, one after another. */
class Drawing {
  private remembered = 0;

  constructor(
    private readonly random: Random,
    private readonly width: number,
  ) {}

  one<T>(values: readonly T[]): T {
    return values[this.random.uint32() % values.length]!;
  }

  /** As many columns come out as go in. */
  layers(cols: number, depth: number): Layers {
    return Array.from({ length: 1 + (this.random.uint32() % 2) }, () => this.layer(cols, depth)).flat();
  }

  private layer(cols: number, depth: number): Layers {
    const inside = () => this.layers(cols, depth - 1);
    if (depth === 0) return this.example(cols);
    const half = cols / 2;
    return this.one([
      () => [{ residual: this.example(cols) }],
      () => [{ residual: ['rms_norm', ...inside()] }],
      () => [{ repeat: 2, layers: inside() }],
      () => [{ [this.one(['sum', 'product'])]: [inside(), inside()] }],
      () => [
        { [this.one(['sum', 'product'])]: [this.example(half), this.example(half)], split: true },
        this.linear(cols),
      ],
      () => [{ concat: [inside(), this.example(cols)] }, this.linear(cols)],
      () => [{ concat: [this.example(half), this.example(half)], split: true }],
      () => {
        const name = `x${this.remembered++}`;
        return [{ remember: name }, ...this.example(cols), { mix: [name] }];
      },
    ])();
  }

  /**
   * A layer at the width of its examples, between two others. What comes in is bounded, so that recurrences do not explode, and
   * no sum of whole numbers, which is exactly 0 now and then: there some functions have no gradient.
   */
  private example(cols: number): Layers {
    const out = EXAMPLE_COLS;
    const first = this.one<object>([
      { linear: { out, bias: true } },
      { ternary_linear: { out, activations: 'none' } },
    ]);
    return [first, 'tanh', this.one(LAYERS), this.linear(cols)];
  }

  private linear(out: number): object {
    return this.one<object>([
      { linear: { out, bias: true } },
      { ternary_linear: { out } },
      { ternary_linear: { out, activations: 'int8', scale: 'row', norm: 'rms' } },
      { ternary_linear: { out, activations: 'none', weights: 'learned' } },
    ]);
  }

  model(): Layers {
    const { width } = this;
    const last = ['rms_norm', this.one(HEADS)];
    return [
      { embedding: { vocab: VOCAB, dim: width, init: { normal: 1 } } },
      ...this.layers(width, 2),
      ...last,
    ];
  }
}

export interface RandomModel {
  readonly recipe: Recipe;
  /** As a recipe has it, to try it alone. */
  readonly text: string;
}

/** A model drawn from the algebra of layers, its sizes and the length of its sequences by `seed`. */
export async function randomModel(seed: number): Promise<RandomModel> {
  const random = new Random(seed, 'models');
  const width = WIDTHS[random.uint32() % WIDTHS.length]!;
  const text = `model=${JSON.stringify(new Drawing(random, width).model())}`;
  const seqLen = SEQUENCES[random.uint32() % SEQUENCES.length]!;
  const set = [text, `tokenizer.vocab=${VOCAB}`, `data.seq_len=${seqLen}`, 'causal=false', 'collapse=never'];
  return { recipe: await loadRecipe('shift', { set }), text };
}
