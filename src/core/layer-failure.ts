import { FlashError } from './errors.ts';

/**
 * What a layer threw, with the layer's name: a plugin's own error says what, and not where in the model. A FlashError
 * knows that already.
 */
export function layerFailure(
  error: unknown,
  { path, type }: { readonly path: string; readonly type: string },
): unknown {
  if (error instanceof FlashError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FlashError(`The layer failed: ${message}`, { where: `${path} (${type})`, cause: error });
}
