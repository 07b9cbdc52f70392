import { z } from 'zod';
import { FlashError } from '../core/errors.ts';
import { explain } from './explain.ts';
import { toTree } from './tree.ts';

/** A schema for an options object of the public API: every key of `T`, none of which must be given. */
export const optionsOf = <T extends object>(shape: { readonly [K in keyof Required<T>]: z.ZodType }) =>
  z.strictObject(shape as z.ZodRawShape).partial();

/** A function among options. */
export const callback = z.custom<unknown>((value) => typeof value === 'function', 'must be a function');

/** Changes of a recipe. */
export const changes = z.array(z.union([z.string(), z.strictObject({ set: z.string(), flag: z.string() })]));

/**
 * Checks what a program hands to a function of the public API: the words of a recipe's mistakes, with the function's name for
 * their place.
 * @throws FlashError with every mistake, unknown names included.
 */
export function checkOptions(caller: string, what: string, schema: z.ZodType, given: unknown): void {
  const result = schema.safeParse(given);
  if (result.success) return;
  const place = { text: caller, source: caller, dir: process.cwd(), line: 0, column: 0 };
  const issues = explain(result.error.issues, schema, toTree(plain(given), place), { name: what });
  const lines = issues.map(
    ({ message, nearest }) =>
      `${caller}: ${message}${nearest === undefined ? '' : `; did you mean '${nearest}'?`}`,
  );
  throw new FlashError(lines.join('\n'), { exitCode: 2, cause: result.error });
}

/** Names what is neither a list nor a plain map: a signal, a function or a model would be shown, and followed, from end to end. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return value;
  const kind = value.constructor;
  if (kind !== undefined && kind !== Object) return `a ${kind.name}`;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
