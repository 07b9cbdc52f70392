import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { FlashError } from '../../src/core/errors.ts';
import type { Dataset } from '../../src/data/datasets.ts';
import { type DownloadDatasetOptions, downloadDataset } from '../../src/data/download.ts';

export const content = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * i + (i >> 7)) & 255));
export const other = Buffer.from(content.map((byte) => byte ^ 1));
export const valid = Buffer.from('a short file');
export const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
export const dataset: Dataset = {
  repository: 'owner/name',
  revision: 'abc',
  licence: 'MIT',
  train: { name: 'train.txt', bytes: content.length, sha256: sha256(content) },
  valid: { name: 'valid.txt', bytes: valid.length, sha256: sha256(valid) },
};
/** A busy machine may pause for seconds: only tests of stalls call a short pause one. */
export const patience = { attempts: 4, backoffMs: 5, maxWaitMs: 1500, stallMs: 120_000 };

type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

/** A server for one test at a time, and a folder to download into. */
export class Hub {
  dir = '';
  endpoint = '';
  server!: Server;
  /** What it does with train.txt; valid.txt is always served well. */
  handler!: Handler;
  /** Told how much of train.txt the client has on its disk. */
  onWritten: (bytes: number) => void = () => {};
  /** The requests for train.txt. */
  requests: IncomingMessage[] = [];

  get place(): { dir: string; endpoint: string } {
    return { dir: this.dir, endpoint: this.endpoint };
  }

  async start(): Promise<void> {
    this.dir = await mkdtemp(join(tmpdir(), 'flashlm-download-'));
    this.requests = [];
    this.onWritten = () => {};
    this.handler = (request, response) => serve(request, response, content);
    this.server = createServer((request, response) => {
      if (request.url?.endsWith('/valid.txt')) return void serve(request, response, valid);
      this.requests.push(request);
      this.handler(request, response, this.requests.length);
    });
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.endpoint = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve)); // an error when it is closed already
    await rm(this.dir, { recursive: true });
  }
}

export const hub = new Hub();

/** Starts the hub before each test of the calling file and stops it after. */
export function useHub(): void {
  beforeEach(() => hub.start());
  afterEach(() => hub.stop());
}

export const etagOf = (data: Buffer) => `"${sha256(data).slice(0, 16)}"`;

/** A correct server: ranges, If-Range, ETag. `limit` bytes of the body, then the connection is cut. */
export function serve(
  request: IncomingMessage,
  response: ServerResponse,
  data: Buffer,
  limit = Number.POSITIVE_INFINITY,
) {
  const etag = etagOf(data);
  const wanted = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const current = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const start = wanted && current ? Number(wanted[1]) : 0;
  if (start > 0 && start >= data.length) {
    response.writeHead(416, { 'content-range': `bytes */${data.length}` }).end();
    return;
  }
  response.writeHead(start > 0 ? 206 : 200, {
    etag,
    'content-length': data.length - start,
    ...(start > 0 ? { 'content-range': `bytes ${start}-${data.length - 1}/${data.length}` } : {}),
  });
  send(response, data.subarray(start), limit);
}

export function send(response: ServerResponse, body: Buffer, limit: number) {
  if (limit >= body.length) response.end(body);
  else {
    // Cut when the client has written them, as its progress tells: a cut connection loses what it has not read yet.
    const written = content.length - body.length + limit;
    hub.onWritten = (bytes) => {
      if (bytes === written) response.destroy();
    };
    response.write(body.subarray(0, limit));
  }
}

export const download = (options: Partial<DownloadDatasetOptions> = {}) =>
  downloadDataset(dataset, {
    ...hub.place,
    patience,
    ...options,
    onProgress: (progress) => {
      const { file, phase, doneBytes } = progress;
      if (file === dataset.train.name && phase === 'download') hub.onWritten(doneBytes);
      options.onProgress?.(progress);
    },
  });

export async function failure(promise: Promise<unknown>): Promise<FlashError> {
  const error = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(FlashError);
  return error as FlashError;
}

export async function expectWhole() {
  expect((await readFile(join(hub.dir, 'train.txt'))).equals(content)).toBe(true);
  expect((await readFile(join(hub.dir, 'valid.txt'))).equals(valid)).toBe(true);
  expect((await readdir(hub.dir)).sort()).toEqual(
    ['train.txt', 'train.txt.verified.json', 'valid.txt', 'valid.txt.verified.json'].sort(),
  );
}

export const partBytes = async () => (await stat(join(hub.dir, 'train.txt.part'))).size;

/** Leaves what a download that was cut after `bytes` leaves. */
export async function leavePart(data: Buffer, from: Buffer = content) {
  await writeFile(join(hub.dir, 'train.txt.part'), data);
  await writeFile(
    join(hub.dir, 'train.txt.part.json'),
    JSON.stringify({ etag: etagOf(from), sha256: dataset.train.sha256 }),
  );
}
