import {
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import { MetricsLog } from '../../src/train/metrics-log.ts';

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'flashlm-metrics-'));
  path = join(dir, 'metrics.jsonl');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** The file's text after opening it for a run that resumes after `step`. */
function reopened(text: string, step: number): string {
  writeFileSync(path, text);
  MetricsLog.open(path, step).close();
  return readFileSync(path, 'utf8');
}

describe('MetricsLog', () => {
  it('MetricsLog writes one JSON object a line, at once', () => {
    const log = MetricsLog.open(path, 0);
    log.append({ event: 'step', step: 1, text: 'a\nb' });
    expect(readFileSync(path, 'utf8')).toBe('{"event":"step","step":1,"text":"a\\nb"}\n');
    log.append({ event: 'done' });
    log.sync();
    log.close();
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(3);
  });

  it('MetricsLog truncates from the first line after the step', () => {
    const text = '{"step":1}\n{"step":2}\n{"event":"eval"}\n{"step":3}\n{"event":"eval"}\n';
    expect(reopened(text, 2)).toBe('{"step":1}\n{"step":2}\n{"event":"eval"}\n');
    expect(reopened(text, 3)).toBe(text);
    expect(reopened(text, 0)).toBe('');
  });

  it.each(['{"step":2', '{"step":2}', '{', 'é'])(
    'MetricsLog truncates the incomplete last line %s',
    (half) => {
      expect(reopened(`{"step":1}\n${half}`, 5)).toBe('{"step":1}\n');
      expect(reopened(half, 5)).toBe('');
    },
  );

  it('MetricsLog keeps lines that it does not understand', () => {
    const text = '{"step":1}\nhello\nnull\n[1]\n"step"\n\n{"step":"9"}\n{"step":2}\n';
    expect(reopened(text, 2)).toBe(text);
  });

  it('MetricsLog keeps exactly the lines up to the step, however long the lines and the file', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ length: fc.integer({ min: 0, max: 400_000 }), wide: fc.boolean() }), {
          maxLength: 12,
        }),
        fc.nat(12),
        (sizes, step) => {
          const lines = sizes.map(({ length, wide }, i) => {
            return `${JSON.stringify({ step: i + 1, text: (wide ? 'é' : 'e').repeat(length) })}\n`;
          });
          const kept = lines.slice(0, step).join('');
          expect(reopened(`${lines.join('')}{"step"`, step) === kept).toBe(true);
        },
      ),
      { numRuns: 30, seed: 3 },
    );
  });

  it('MetricsLog refuses a line that no run wrote, without reading it to its end', () => {
    writeFileSync(path, '{"step":1}\n');
    truncateSync(path, 2 ** 35);
    expect(() => MetricsLog.open(path, 1)).toThrow(/a line of more than 67\.1 MB/);
    expect(statSync(path).size).toBe(2 ** 35);
  });

  it('MetricsLog refuses another kind of file', () => {
    writeFileSync(join(dir, 'victim'), 'precious\n');
    symlinkSync(join(dir, 'victim'), path);
    expect(() => MetricsLog.open(path, 0)).toThrow(FlashError);
    expect(() => MetricsLog.open(dir, 0)).toThrow(/it is a folder/);
    expect(() => MetricsLog.open(join(dir, 'missing', 'x'), 0)).toThrow(/no such file or folder/);
    expect(readFileSync(join(dir, 'victim'), 'utf8')).toBe('precious\n');
  });
});
