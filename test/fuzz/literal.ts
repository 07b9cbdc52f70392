import { isUtf8 } from 'node:buffer';

/** A value as source code that makes it again. */
export function literal(value: unknown): string {
  if (typeof value === 'string') return text(value);
  if (Buffer.isBuffer(value) && isUtf8(value)) return `Buffer.from(${literal(value.toString('utf8'))})`;
  if (Buffer.isBuffer(value)) return `Buffer.from(${JSON.stringify(value.toString('base64'))}, 'base64')`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([key, field]) => `[${literal(key)}]: ${literal(field)}`);
    return `{ ${fields.join(', ')} }`;
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Long runs of one character are written short. */
function text(value: string): string {
  const [run] = /(.)\1{40,}/s.exec(value) ?? [];
  if (run === undefined) return JSON.stringify(value).replace(/[\u007f-\uffff]/g, escaped);
  const at = value.indexOf(run);
  const parts = [value.slice(0, at), value.slice(at + run.length)].map(text);
  return `${parts[0]} + ${text(run[0]!)}.repeat(${run.length}) + ${parts[1]}`;
}

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
