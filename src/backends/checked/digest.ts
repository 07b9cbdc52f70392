import type { Inspector } from '../../core/backend.ts';
import type { Tensor } from '../../core/tensor.ts';

const PRIME = 0x9e3779b1;

/**
 * A checksum of a tensor's bytes; any change of one word changes it. Computed by `inspector` if there is one. Four
 * independent chains, because a single one would wait for its multiplication at every word.
 */
export function digest({ data }: Tensor, inspector?: Inspector): number {
  if (inspector) return inspector.digest(data);
  const { buffer, byteOffset, byteLength } = data;
  if (byteOffset % 4) return digestBytes(new Uint8Array(buffer, byteOffset, byteLength), PRIME);
  const words = new Int32Array(buffer, byteOffset, byteLength >> 2);
  let [a, b, c, d] = [1, 2, 3, 4];
  const whole = words.length - (words.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a = mix(a, words[i]!);
    b = mix(b, words[i + 1]!);
    c = mix(c, words[i + 2]!);
    d = mix(d, words[i + 3]!);
  }
  const rest = new Uint8Array(buffer, byteOffset + 4 * whole, byteLength - 4 * whole);
  // Rotated, so that equal changes in two chains do not cancel.
  const joined = a ^ rotate(b, 8) ^ rotate(c, 16) ^ rotate(d, 24);
  return digestBytes(rest, joined);
}

function digestBytes(bytes: Uint8Array, start: number): number {
  let hash = start;
  for (const byte of bytes) hash = mix(hash, byte);
  return hash;
}

/**
 * Every operation is invertible, so a difference is never lost. Without the shift a change of the top bit (a sign)
 * would stay in the top bit, and two such changes would cancel.
 */
function mix(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, PRIME);
  return product ^ (product >>> 15);
}

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
