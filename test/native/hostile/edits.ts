import type { OpName } from '../../../src/core/kernels.ts';
import { type FlatArg, minOf } from '../../../src/core/ops/calls.ts';
import type { TensorArg } from '../../../src/core/ops/spec.ts';
import type { Data, ValidCall } from '../valid-call.ts';
import { JUNK, ODD_FLOATS, type Trap, WRONG_SIZES } from './junk.ts';
import {
  detach,
  GUISES,
  leftBehind,
  likeOf,
  outOfBounds,
  SHARED_GUISES,
  shrunk,
  WebAssembly,
} from './memory.ts';

/** What becomes of an argument: still a right one, certainly a wrong one, or it depends on the other arguments. */
export type Verdict = 'same' | 'wrong' | 'either';

/** Something done to one argument of a valid call. */
export interface Edit {
  readonly index: number;
  readonly name: string;
  readonly verdict: Verdict;
  /** The values that the addon gets for this argument. */
  apply(call: ValidCall, trap: Trap): unknown[];
}

type Change = (data: Data, rows: number, cols: number, trap: Trap, call: ValidCall) => unknown[];
type Put = (verdict: Verdict, what: string, change: Change) => void;

/** Only its memory: rows and columns stay as they are. */
const data =
  (make: (data: Data, trap: Trap) => unknown): Change =>
  (own, rows, cols, trap) => [make(own, trap), rows, cols];

const OTHER_TYPES = [
  Float32Array,
  Float64Array,
  Int8Array,
  Int32Array,
  Uint8Array,
  Uint8ClampedArray,
  BigInt64Array,
];

/** Values of the whole range of an array's type, odd ones among them. */
function anyContent(own: Data): Data {
  const copy = own.slice();
  for (let i = 0; i < copy.length; i++)
    copy[i] = copy instanceof Float32Array ? ODD_FLOATS[(i * 7) % ODD_FLOATS.length]! : (i * 53) % 256;
  return copy;
}

function dataEdits(arg: TensorArg, put: Put): void {
  const holdsIndices = Boolean(arg.below ?? arg.offsetsInto);
  for (const [name, guise] of Object.entries(GUISES)) put('same', name, data(guise));
  for (const [name, guise] of Object.entries(SHARED_GUISES))
    put(holdsIndices ? 'wrong' : 'same', name, data(guise));
  put(holdsIndices ? 'either' : 'same', 'any content', data(anyContent));

  for (const [name, make] of Object.entries(JUNK))
    put(
      'wrong',
      name,
      data((_, trap) => make(trap)),
    );
  put(
    'wrong',
    'a proxy of the array',
    data((own) => new Proxy(own, {})),
  );
  put(
    'wrong',
    'an object made of the array',
    data((own) => Object.create(own)),
  );
  for (const Type of OTHER_TYPES)
    if (!isOwnType(arg, Type))
      put(
        'wrong',
        Type.name,
        data((own) => new Type(own.length)),
      );
  put(
    'wrong',
    'an array whose memory was sent away',
    data((own) => detach(own.slice())),
  );
  put(
    'wrong',
    'an array that shrank',
    data((own) => shrunk(own)),
  );
  put(
    'wrong',
    'an array longer than its memory',
    data((own) => shrunk(own, own.length)),
  );
  put('wrong', 'an array outside its memory', data(outOfBounds));
  if (WebAssembly) put('wrong', 'an array that WebAssembly left behind', data(leftBehind));
  for (const [name, length] of [
    ['one more', (n: number) => n + 1],
    ['one less', (n: number) => n - 1],
    ['none', () => 0],
  ] as const)
    put(
      'wrong',
      `${name} values`,
      data((own) => new (likeOf(own))(length(own.length))),
    );
}

function isOwnType(arg: TensorArg, type: { readonly name: string }): boolean {
  return (
    { real: 'Float32Array', i8: 'Int8Array', i32: 'Int32Array', u8: 'Uint8Array' }[arg.dtype] === type.name
  );
}

function shapeEdits(put: Put): void {
  for (const size of WRONG_SIZES) {
    const name = Object.is(size, -0) ? '-0' : String(size);
    put('wrong', `${name} rows`, (own, _, cols) => [own, size, cols]);
    put('wrong', `${name} columns`, (own, rows) => [own, rows, size]);
    put('wrong', `${name} rows and columns`, (own) => [own, size, size]);
  }
  for (const [name, make] of Object.entries(JUNK)) {
    put('wrong', `${name} as rows`, (own, _, cols, trap) => [own, make(trap), cols]);
    put('wrong', `${name} as columns`, (own, rows, _, trap) => [own, rows, make(trap)]);
  }
  put('wrong', 'half a row more', (own, rows, cols) => [own, rows + 0.5, cols]);
  put('wrong', 'half a column more', (own, rows, cols) => [own, rows, cols + 0.5]);
  put('wrong', '2^32 rows and columns of nothing', (own) => [own.subarray(0, 0), 2 ** 32, 2 ** 32]);
  put('either', 'rows and columns exchanged', (own, rows, cols) => [own, cols, rows]);
  put('either', 'one row', (own, rows, cols) => [own, 1, rows * cols]);
  put('either', 'no rows', (own, _, cols) => [own.subarray(0, 0), 0, cols]);
  put('either', 'no rows of 2^53 - 1 columns', (own) => [own.subarray(0, 0), 0, Number.MAX_SAFE_INTEGER]);
  put('either', 'no columns', (own, rows) => [own.subarray(0, 0), rows, 0]);
  put('either', 'nothing', () => [null, 0, 0]);
}

/** Every other argument's memory, as far as it reaches. */
function overlapEdits(call: ValidCall, index: number, put: Put): void {
  for (const other of call.tensors()) {
    if (other.index === index) continue;
    put('either', `memory of ${other.arg.name}`, (own, rows, cols, _, current) => {
      const there = current.data(other.index);
      const fits = there.byteLength >= own.byteLength && there.byteOffset % own.BYTES_PER_ELEMENT === 0;
      return [fits ? new (likeOf(own))(there.buffer, there.byteOffset, own.length) : there, rows, cols];
    });
  }
}

function scalarEdits(
  op: OpName,
  arg: FlatArg,
  put: (verdict: Verdict, name: string, make: (trap: Trap) => unknown) => void,
): void {
  for (const [name, make] of Object.entries(JUNK)) put('wrong', name, make);
  put('wrong', 'null', () => null);
  if (arg.kind === 'choice') {
    put('wrong', '0', () => 0);
    for (const value of arg.values) put('either', `the text ${value}`, () => ['', ...value].join(''));
    return;
  }
  put('wrong', 'NaN', () => Number.NaN);
  const least = arg.kind === 'scalar' ? minOf(op, arg) : null;
  for (const odd of [...WRONG_SIZES, ...ODD_FLOATS, 1.5]) {
    if (Number.isNaN(odd)) continue;
    const isRight = least === null || (Number.isSafeInteger(odd) && odd >= least);
    // Sizes and counts of steps have to suit the rest, or change what is computed: only a refusal is certain.
    put(isRight ? 'either' : 'wrong', `number ${odd}`, () => odd);
  }
}

/** Everything that can be done to the arguments of an op, one argument at a time. */
export function editsOf(op: OpName, call: ValidCall): Edit[] {
  return call.args.flatMap((arg, index) => {
    const edits: Edit[] = [];
    if (arg.kind === 'tensor') {
      const put: Put = (verdict, what, change) =>
        edits.push({
          index,
          name: `${op} ${arg.name}: ${what}`,
          verdict,
          apply: (current, trap) => {
            const [own, rows, cols] = current.values[index] as [Data, number, number];
            return change(own, rows, cols, trap, current);
          },
        });
      dataEdits(arg, put);
      shapeEdits(put);
      overlapEdits(call, index, put);
    } else
      scalarEdits(op, arg, (verdict, what, make) =>
        edits.push({
          index,
          name: `${op} ${arg.name}: ${what}`,
          verdict,
          apply: (_, trap) => [make(trap)],
        }),
      );
    return edits;
  });
}
