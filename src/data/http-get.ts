import { get as httpGet, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { FlashError } from '../core/errors.ts';
import { TransientError } from './transient-error.ts';

/** The hub redirects to a content server, which may redirect once more; beyond this it is a loop. */
const MAX_REDIRECTS = 5;

export interface GetOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds without a byte after which the connection is given up. */
  readonly stallMs: number;
  readonly signal?: AbortSignal;
}

/** A response that is not a redirect. Its body must be read or `response.destroy()`ed. */
export interface FinalResponse {
  readonly response: IncomingMessage;
  /** Headers of every response on the way, the last one's included. */
  readonly hops: readonly IncomingHttpHeaders[];
}

/**
 * GET that follows redirects by hand, because the hub declares a file's size and SHA-256 in the headers of the
 * redirect. Throws TransientError when nothing comes, the connection's own error, or FlashError for bad redirects.
 */
export async function get(url: URL, options: GetOptions): Promise<FinalResponse> {
  const hops: IncomingHttpHeaders[] = [];
  for (let target = url; ; ) {
    const response = await request(target, options);
    hops.push(response.headers);
    const { statusCode = 0, headers } = response;
    if (statusCode < 300 || statusCode > 399) return { response, hops };
    response.destroy();
    if (hops.length > MAX_REDIRECTS) {
      throw new FlashError(`The server redirects more than ${MAX_REDIRECTS} times`, { where: url.href });
    }
    target = redirectTarget(target, headers.location);
  }
}

function redirectTarget(from: URL, location: string | undefined): URL {
  const to =
    location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.protocol === 'https:' || to?.protocol === 'http:') return to;
  throw new FlashError(`The server redirects to ${location ?? 'nowhere'}, which is not a web address`, {
    where: from.href,
  });
}

function request(url: URL, { headers, stallMs, signal }: GetOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const send: typeof httpGet = url.protocol === 'https:' ? httpsGet : httpGet;
    // One connection a request: a kept one may be half dead after a cut, and would keep the process from ending.
    const outgoing = send(url, { headers, signal, agent: false });
    const stall = setTimeout(() => outgoing.destroy(stalled(stallMs)), stallMs);
    outgoing.on('response', (response) => {
      clearTimeout(stall);
      resolve(response);
    });
    // Stays: bytes after the end of the body would otherwise be an uncaught error.
    outgoing.on('error', (error) => {
      clearTimeout(stall);
      reject(error);
    });
  });
}

/** The body in pieces. A pause between two of them ends in TransientError; the reader's own time does not count. */
export async function* readBody(response: IncomingMessage, stallMs: number): AsyncGenerator<Buffer, void> {
  const watch = () => setTimeout(() => response.destroy(stalled(stallMs)), stallMs);
  let stall = watch();
  try {
    for await (const chunk of response) {
      clearTimeout(stall);
      yield chunk;
      stall = watch();
    }
  } finally {
    clearTimeout(stall);
    response.destroy();
  }
}

function stalled(stallMs: number): TransientError {
  return new TransientError(`nothing came for ${stallMs / 1000} s`);
}
