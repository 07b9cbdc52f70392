import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { FlashError } from '../core/errors.ts';
import type { ExpectedFile, PartFile } from './part-file.ts';
import { TransientError } from './transient-error.ts';

/**
 * Compares what the hub declares about the file, in headers of the redirect or of the answer, with what is expected,
 * so that another file is refused before it is fetched. Mirrors may declare nothing: the SHA-256 of what arrives is
 * compared in any case.
 */
export function checkDeclared(
  hops: readonly IncomingHttpHeaders[],
  expected: ExpectedFile,
  url: URL,
  remedy: string | undefined,
): void {
  for (const headers of hops) {
    const size = headers['x-linked-size'];
    const sha256 = /^(?:W\/)?"?([0-9a-f]{64})"?$/i.exec(String(headers['x-linked-etag']))?.[1]?.toLowerCase();
    if (size !== undefined && Number(size) !== expected.bytes)
      throw otherSize(String(size), expected, url, remedy);
    if (sha256 !== undefined && sha256 !== expected.sha256) {
      throw new FlashError(`The server has another file: SHA-256 ${sha256}, expected ${expected.sha256}`, {
        where: url.href,
        remedy,
      });
    }
  }
}

/** Throws TransientError for answers that may change by themselves, FlashError for those that will not. */
export function checkStatus(response: IncomingMessage, url: URL, remedy: string | undefined): void {
  const { statusCode = 0, headers } = response;
  if (statusCode === 200 || statusCode === 206 || statusCode === 416) {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding === 'identity') return;
    throw new FlashError(`The server sends the file compressed (${encoding}), which was not asked for`, {
      where: url.href,
      remedy,
    });
  }
  if (statusCode === 408 || statusCode === 429 || statusCode >= 500) {
    throw new TransientError(`the server answers ${statusCode}`, retryAfterMs(headers['retry-after']));
  }
  const meaning =
    statusCode === 404 || statusCode === 410
      ? 'The server has no such file'
      : statusCode === 401 || statusCode === 403
        ? 'The server refuses to give the file'
        : 'The server does not give the file';
  throw new FlashError(`${meaning} (status ${statusCode})`, { where: url.href, remedy });
}

/**
 * True when the body continues where the part ends, false when it is the whole file from its beginning. Throws
 * TransientError after emptying the part when the two can't be put together, FlashError when the server's file has
 * another length than the expected one.
 */
export async function continues(
  response: IncomingMessage,
  part: PartFile,
  expected: ExpectedFile,
  url: URL,
): Promise<boolean> {
  const { statusCode, headers } = response;
  if (statusCode === 200) return false;
  const [, first, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (total !== undefined && total !== '*' && Number(total) !== expected.bytes)
    throw otherSize(total, expected, url);
  if (statusCode === 206 && Number(first) === part.bytes && headers.etag === part.etag) return true;
  await part.restart(undefined);
  throw new TransientError(
    statusCode === 416 ? 'the server refuses to go on' : 'the file has changed on the server: starting again',
  );
}

/** Throws FlashError when the body is announced to be longer than what is missing, or to be another whole file. */
export function checkLength(
  response: IncomingMessage,
  part: PartFile,
  expected: ExpectedFile,
  url: URL,
  remedy: string | undefined,
): void {
  const length = response.headers['content-length'];
  if (length === undefined) return; // chunked: the reader counts
  // An answer to a range may be shorter than what was asked for (RFC 9110, 15.3.7), a whole file may not.
  const fits =
    part.bytes > 0 ? Number(length) <= expected.bytes - part.bytes : Number(length) === expected.bytes;
  if (!fits) throw otherSize(String(part.bytes + Number(length)), expected, url, remedy);
}

function otherSize(declared: string, expected: ExpectedFile, url: URL, remedy?: string): FlashError {
  return new FlashError(`The server's file has ${declared} bytes, expected ${expected.bytes}`, {
    where: url.href,
    remedy,
  });
}

/** Seconds or a date (RFC 9110, 10.2.3) in milliseconds from now; undefined when it says neither. */
function retryAfterMs(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}
