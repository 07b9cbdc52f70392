import { FlashError } from '../core/errors.ts';

/** What of a layer was called when it failed. */
export type LayerMethod = 'parameters' | 'plan' | 'prepare' | 'forward' | 'backward' | 'loss' | 'logits';

/**
 * What a layer threw, with the layer's name: a plugin's own error says what, and not where in the model. An error that
 * knows its place already stays as it is.
 */
export function layerFailure(
  error: unknown,
  { path, type }: { readonly path: string; readonly type: string },
  method?: LayerMethod,
): unknown {
  const where = `${path} (${type})${method ? `, ${method}` : ''}`;
  if (error instanceof FlashError) {
    if (error.where !== undefined) return error;
    const { message, remedy, exitCode } = error;
    return new FlashError(message, { where, remedy, exitCode, cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new FlashError(`The layer failed: ${message}`, { where, cause: error });
}
