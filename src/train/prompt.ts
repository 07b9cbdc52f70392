import type { Tokenizer } from '../data/tokenizer/tokenizer.ts';

/**
 * The ids of a prompt. `marker` is what separates documents in the run's data, if anything does: it means the
 * same in a prompt, so what comes before it is a whole document, without the newlines around it, and its end. Special
 * tokens written in a prompt become their ids. With `reset` only the ids of the last document are returned: where nothing
 * crosses from one document to the next in training, nothing does in a prompt.
 */
export function promptIds(
  tokenizer: Tokenizer,
  prompt: string,
  { marker, reset = false }: { readonly marker: string | undefined; readonly reset?: boolean | undefined },
): Int32Array {
  const ids = idsOf(tokenizer, prompt, marker);
  return reset ? ids.subarray(ids.lastIndexOf(tokenizer.eos) + 1) : ids;
}

function idsOf(tokenizer: Tokenizer, prompt: string, marker: string | undefined): Int32Array {
  if (marker === undefined || !prompt.includes(marker)) return tokenizer.encode(prompt);
  const parts = prompt.split(marker).map((part) => part.replace(/^\n+/, ''));
  // The document that is being written may go on after a newline.
  const open = parts.pop()!;
  const whole = parts.map((part) => part.replace(/\n+$/, '')).filter((part) => part !== '');
  const ids = whole.flatMap((part) => [...tokenizer.encode(part), tokenizer.eos]);
  return Int32Array.of(...ids, ...tokenizer.encode(open));
}
