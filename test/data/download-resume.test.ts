import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  content,
  download,
  etagOf,
  expectWhole,
  failure,
  hub,
  leavePart,
  other,
  partBytes,
  patience,
  send,
  serve,
  useHub,
} from './download-hub.ts';

useHub();

describe('a resumed download', () => {
  it('a download resumes after cuts in the middle of the body, with If-Range', async () => {
    const notices: string[] = [];
    hub.handler = (request, response, attempt) =>
      serve(request, response, content, attempt < 4 ? 50_000 : undefined);
    await download({ onNotice: (notice) => notices.push(notice) });
    expect(hub.requests.map((request) => request.headers.range)).toEqual([
      undefined,
      'bytes=50000-',
      'bytes=100000-',
      'bytes=150000-',
    ]);
    expect(hub.requests.slice(1).map((request) => request.headers['if-range'])).toEqual(
      Array(3).fill(etagOf(content)),
    );
    expect(notices).toHaveLength(3);
    await expectWhole();
  });

  it('a download resumes what an earlier process left', async () => {
    await leavePart(content.subarray(0, 70_000));
    await download();
    expect(hub.requests.map((request) => request.headers.range)).toEqual(['bytes=70000-']);
    await expectWhole();
  });

  it('a complete partial file needs no request', async () => {
    await leavePart(content);
    await download();
    expect(hub.requests).toHaveLength(0);
    await expectWhole();
  });

  it.each([
    ['longer than the file', Buffer.concat([content, content])],
    ['of another file', content.subarray(0, 100)],
  ])('a download starts again when the partial file is %s', async (_, data) => {
    await leavePart(data);
    if (data.length < content.length) {
      await writeFile(join(hub.dir, 'train.txt.part.json'), '{"sha256":"abc"}');
    }
    await download();
    expect(hub.requests.map((request) => request.headers.range)).toEqual([undefined]);
    await expectWhole();
  });

  it('a download starts again when the server does not support ranges', async () => {
    hub.handler = (_, response, attempt) => {
      response.writeHead(200, { 'content-length': content.length });
      send(response, content, attempt < 3 ? 30_000 : Number.POSITIVE_INFINITY);
    };
    await download();
    expect(hub.requests).toHaveLength(3);
    await expectWhole();
  });

  it('a download gives up on a server without ranges that always cuts at the same byte', async () => {
    hub.handler = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      send(response, content, 30_000);
    };
    const error = await failure(download());
    expect(hub.requests).toHaveLength(patience.attempts);
    expect(error.lines().join('\n')).toMatch(/download failed: .*\n.*train\.txt\n.*30 kB are kept/);
    expect(await partBytes()).toBe(30_000);
  });

  it('a download starts again when the content changed between attempts (If-Range answered by 200)', async () => {
    hub.handler = (request, response, attempt) =>
      attempt === 1 ? serve(request, response, other, 50_000) : serve(request, response, content);
    await download();
    expect(hub.requests).toHaveLength(2);
    await expectWhole();
  });

  it('a download starts again when the content changed and the server ignores If-Range', async () => {
    hub.handler = (request, response, attempt) => {
      if (attempt === 1) return serve(request, response, other, 50_000);
      delete request.headers['if-range'];
      serve(request, response, content);
    };
    await download();
    expect(hub.requests.map((request) => request.headers.range)).toEqual([
      undefined,
      'bytes=50000-',
      undefined,
    ]);
    await expectWhole();
  });

  it('a weak ETag is compared without sending If-Range, and the download resumes', async () => {
    hub.handler = (request, response, attempt) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
      response.writeHead(start > 0 ? 206 : 200, {
        etag: 'W/"1"',
        'content-length': content.length - start,
        ...(start > 0 ? { 'content-range': `bytes ${start}-${content.length - 1}/*` } : {}),
      });
      send(response, content.subarray(start), attempt === 1 ? 10_000 : Number.POSITIVE_INFINITY);
    };
    await download();
    expect(hub.requests.map((request) => request.headers['if-range'])).toEqual([undefined, undefined]);
    expect(hub.requests[1]!.headers.range).toBe('bytes=10000-');
    await expectWhole();
  });

  it('a download starts again when the server sends a different range', async () => {
    hub.handler = (request, response, attempt) => {
      if (attempt !== 2) return serve(request, response, content, attempt === 1 ? 50_000 : undefined);
      response.writeHead(206, {
        etag: etagOf(content),
        'content-range': `bytes 0-${content.length - 1}/${content.length}`,
      });
      response.end(content);
    };
    await download();
    await expectWhole();
  });

  it('a download starts again after a 416 although bytes are missing', async () => {
    await leavePart(content.subarray(0, 1000));
    hub.handler = (request, response) => {
      if (request.headers.range) response.writeHead(416).end();
      else serve(request, response, content);
    };
    await download();
    expect(hub.requests).toHaveLength(2);
    await expectWhole();
  });

  it('a download fails at once after a 416 with a different length', async () => {
    await leavePart(content.subarray(0, 1000));
    hub.handler = (_, response) => response.writeHead(416, { 'content-range': 'bytes */900' }).end();
    expect((await failure(download())).message).toBe("The server's file has 900 bytes, expected 200000");
    expect(hub.requests).toHaveLength(1);
    expect(await partBytes()).toBe(1000);
  });

  it('a download resumes after a body without a declared length that ends early', async () => {
    hub.handler = (request, response, attempt) => {
      if (attempt > 1) return serve(request, response, content);
      response.setHeader('etag', etagOf(content));
      response.write(content.subarray(0, 60_000));
      response.end();
    };
    await download();
    expect(hub.requests[1]!.headers.range).toBe('bytes=60000-');
    await expectWhole();
  });

  it('a download stopped by its signal leaves a partial file that can be resumed', async () => {
    const stop = new AbortController();
    hub.handler = (request, response, attempt) => {
      if (attempt > 1) return serve(request, response, content);
      response.writeHead(200, { etag: etagOf(content), 'content-length': content.length });
      response.write(content.subarray(0, 90_000));
    };
    const error = await failure(
      download({
        signal: stop.signal,
        onProgress: ({ doneBytes }) => {
          if (doneBytes === 90_000) stop.abort();
        },
      }),
    );
    expect(error.message).toBe('Stopped with 90 kB of 200 kB');
    expect(await partBytes()).toBe(90_000);
    expect((await readdir(hub.dir)).filter((name) => name.endsWith('.lock'))).toEqual([]);
    await download();
    expect(hub.requests[1]!.headers.range).toBe('bytes=90000-');
    await expectWhole();
  });
});
