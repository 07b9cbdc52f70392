import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { z } from 'zod';
import { sharedInputs } from '../backends/diff/call-mirror.ts';
import type { Recording } from '../backends/diff/recording.ts';
import { FlashError } from '../core/errors.ts';
import type { OpName } from '../core/kernels.ts';
import type { Outcome } from '../core/ops/agreement.ts';
import { type FlatArg, flatArgs } from '../core/ops/calls.ts';
import { OP_NAMES } from '../core/ops/table.ts';
import type { DType, Tensor } from '../core/tensor.ts';
import { discard, fileError, makeFolder } from '../files/files.ts';
import {
  type LoadedTensor,
  readSafetensors,
  type SafetensorsDType,
  type TensorEntry,
  writeSafetensors,
} from '../train/safetensors.ts';

/** Key of the safetensors metadata that holds everything but the tensors, as JSON. */
const KEY = 'flashlm.recording';

const place = z.strictObject({
  path: z.string(),
  pass: z.enum(['prepare', 'forward', 'backward', 'loss', 'logits']),
});

/** What the metadata holds. Numbers are written as text: JSON has no NaN and no infinity. */
const HEADER = z.strictObject({
  version: z.literal(1),
  op: z.enum(OP_NAMES as [OpName, ...OpName[]]),
  layer: place.nullable(),
  step: z.int().nullable(),
  backends: z.tuple([z.string(), z.string()]),
  mismatch: z.strictObject({
    arg: z.string(),
    label: z.string(),
    index: z.int(),
    row: z.int(),
    col: z.int(),
    actual: z.string(),
    expected: z.string(),
    bound: z.string(),
  }),
  /**
   * By flat name: the label of a tensor, and the argument of which it is the very memory; the value of a scalar or choice;
   * null for what was absent.
   */
  args: z.record(
    z.string(),
    z.union([
      z.null(),
      z.strictObject({ tensor: z.string(), sharing: z.string().optional() }),
      z.strictObject({ number: z.string() }),
      z.strictObject({ choice: z.string() }),
    ]),
  ),
  returned: z.tuple([z.string().nullable(), z.string().nullable()]),
});
type Header = z.infer<typeof HEADER>;

const SAFETENSORS: Readonly<Record<DType, SafetensorsDType>> = {
  f32: 'F32',
  f64: 'F64',
  i8: 'I8',
  i32: 'I32',
  u8: 'U8',
};

/** Which side of a recording a tensor belongs to, as its name's prefix. */
const SIDES = ['in/', 'a/', 'b/'] as const;

/** Writes a recorded call to a new file in `folder` and returns its path. @throws FlashError */
export async function saveRecording(recording: Recording, folder: string): Promise<string> {
  const { op, layer, step } = recording;
  await makeFolder(folder);
  const where = (layer ? `${layer.path}-${layer.pass}` : 'no-layer').replaceAll(/[^\w.-]/g, '_');
  const stamp = new Date().toISOString().replaceAll(/[-:.Z]/g, '');
  // Two processes may come here in the same millisecond.
  const unique = randomUUID().slice(0, 4);
  const path = `${folder}/${op}-${where}${step === null ? '' : `-step${step + 1}`}-${stamp}-${unique}.safetensors`;
  const temporary = `${path}.tmp`;
  try {
    await writeSafetensors(temporary, entries(recording), { [KEY]: JSON.stringify(header(recording)) });
    await rename(temporary, path);
  } catch (error) {
    await discard(temporary);
    throw fileError(error, 'Cannot write the recording', path);
  }
  return path;
}

function entries({ op, inputs, outcomes: [a, b] }: Recording): TensorEntry[] {
  const entry = (name: string, { dtype, rows, cols, data }: Tensor): TensorEntry => {
    return { name, dtype: SAFETENSORS[dtype], shape: [rows, cols], data };
  };
  const shared = sharedInputs(op, inputs);
  const given = flatArgs(op).flatMap((arg, i) =>
    arg.kind === 'tensor' && inputs[i] !== null && shared[i] === undefined
      ? [entry(`in/${arg.name}`, inputs[i] as Tensor)]
      : [],
  );
  const left = (side: string, { tensors }: Outcome) =>
    [...tensors].map(([name, tensor]) => entry(`${side}${name}`, tensor));
  return [...given, ...left('a/', a), ...left('b/', b)];
}

function header({ op, layer, step, backends, mismatch, inputs, outcomes }: Recording): Header {
  const { actual, expected, bound, ...element } = mismatch;
  const shared = sharedInputs(op, inputs);
  const argument = (arg: FlatArg, value: unknown, i: number): Header['args'][string] => {
    if (value === null) return null;
    const input = shared[i];
    const sharing = input === undefined ? {} : { sharing: flatArgs(op)[input]!.name };
    if (arg.kind === 'tensor') return { tensor: (value as Tensor).label, ...sharing };
    return arg.kind === 'scalar' ? { number: String(value) } : { choice: String(value) };
  };
  const [a, b] = outcomes.map(({ returned }) => (returned === undefined ? null : String(returned)));
  return {
    version: 1,
    op,
    layer: layer ?? null,
    step,
    backends: [...backends],
    mismatch: { ...element, actual: String(actual), expected: String(expected), bound: String(bound) },
    args: Object.fromEntries(flatArgs(op).map((arg, i) => [arg.name, argument(arg, inputs[i], i)])),
    returned: [a ?? null, b ?? null],
  };
}

/** Reads what `saveRecording` wrote. @throws FlashError for anything else, naming the file and what is wrong. */
export async function loadRecording(path: string): Promise<Recording> {
  const { metadata, tensors } = await readSafetensors(path).catch((error) => {
    if (!(error instanceof FlashError)) throw error;
    const remedy = 'Give a file that a disagreement of `diff` has written.';
    throw new FlashError(error.message, { where: error.where, remedy, cause: error });
  });
  const fail = (what: string): never => {
    throw new FlashError(`This is not a recorded call: ${what}`, {
      where: path,
      remedy: 'Give a file that a disagreement of `diff` has written.',
    });
  };
  const text = metadata[KEY];
  if (text === undefined) return fail(`it has no metadata '${KEY}'`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail('its metadata is not JSON');
  }
  const parsed = HEADER.safeParse(json);
  if (!parsed.success)
    return fail(`${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`);
  const head = parsed.data;
  const foreign = [...tensors.keys()].find((name) => !SIDES.some((side) => name.startsWith(side)));
  if (foreign !== undefined) return fail(`it has a tensor '${foreign}'`);

  const inputs = flatArgs(head.op).map((arg) => {
    const value = head.args[arg.name];
    if (value === undefined) return fail(`the argument '${arg.name}' of ${head.op} is missing`);
    if (value === null) return null;
    if ('number' in value)
      return arg.kind === 'scalar' ? Number(value.number) : fail(`'${arg.name}' is a number`);
    if ('choice' in value) return arg.kind === 'choice' ? value.choice : fail(`'${arg.name}' is a word`);
    const source = `in/${value.sharing ?? arg.name}`;
    const loaded = tensors.get(source);
    if (!loaded || arg.kind !== 'tensor') return fail(`the tensor '${source}' is missing`);
    return asTensor(loaded, value.tensor) ?? fail(`'${source}' is not a matrix`);
  });
  const outcome = (side: string, returned: string | null): Outcome => {
    const own = [...tensors].filter(([name]) => name.startsWith(side));
    const written = own.map(([name, loaded]) => {
      const arg = name.slice(side.length);
      const given = head.args[arg];
      const label = given && 'tensor' in given ? given.tensor : arg;
      return [arg, asTensor(loaded, label) ?? fail(`'${name}' is not a matrix`)] as const;
    });
    const choices = flatArgs(op).flatMap((arg, i) => (arg.kind === 'choice' ? [inputs[i] as string] : []));
    return {
      tensors: new Map(written),
      returned: returned === null ? undefined : Number(returned),
      choices,
    };
  };
  const { op, layer, step, backends, mismatch } = head;
  return {
    op,
    ...(layer && { layer }),
    step,
    backends,
    mismatch: {
      ...mismatch,
      actual: Number(mismatch.actual),
      expected: Number(mismatch.expected),
      bound: Number(mismatch.bound),
    },
    inputs,
    outcomes: [outcome('a/', head.returned[0]), outcome('b/', head.returned[1])],
  };
}

function asTensor({ dtype, shape, data }: LoadedTensor, label: string): Tensor | undefined {
  const [rows, cols] = shape;
  if (shape.length !== 2) return undefined;
  const own = (Object.keys(SAFETENSORS) as DType[]).find((type) => SAFETENSORS[type] === dtype)!;
  return { dtype: own, rows, cols, data, label } as Tensor;
}
