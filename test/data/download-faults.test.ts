import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import {
  content,
  dataset,
  download,
  etagOf,
  expectWhole,
  failure,
  hub,
  leavePart,
  other,
  patience,
  serve,
  sha256,
  useHub,
} from './download-hub.ts';

useHub();

describe('a faulty server', () => {
  it.each([
    ['short', content.length - 10],
    ['long', content.length + 10],
  ])('a Content-Length that is too %s is refused before the body is read', async (_, length) => {
    hub.handler = (_, response) => {
      response.on('error', () => {});
      response.writeHead(200, { 'content-length': length });
      response.write(content.subarray(0, 1000));
    };
    const error = await failure(download());
    expect(error.message).toBe(`The server's file has ${length} bytes, expected ${content.length}`);
    expect(hub.requests).toHaveLength(1);
  });

  it('a Content-Range longer than the missing part is refused', async () => {
    await leavePart(content.subarray(0, 1000));
    hub.handler = (_, response) => {
      response.writeHead(206, {
        etag: etagOf(content),
        'content-range': `bytes 1000-${content.length}/*`,
        'content-length': content.length,
      });
      response.end(content);
    };
    expect((await failure(download())).message).toMatch(/has 201000 bytes, expected 200000/);
  });

  it('a body without a declared length is stopped when it is longer than the file', async () => {
    let sent = 0;
    hub.handler = (_, response) => {
      const pump = () => {
        while (!response.destroyed && response.write(content)) sent += content.length;
      };
      response.on('drain', pump);
      pump();
    };
    const error = await failure(download());
    expect(error.message).toBe('The server sends more than the 200000 bytes the file should have');
    expect(sent).toBeLessThan(50_000_000);
    expect(await readdir(hub.dir)).toEqual(['valid.txt', 'valid.txt.verified.json']);
  });

  it.each([
    ['before the headers', false],
    ['in the middle of the body', true],
  ])('a connection that stalls %s is given up, and the download resumes', async (_, midway) => {
    const notices: string[] = [];
    hub.handler = (request, response, attempt) => {
      if (attempt > 1) return serve(request, response, content);
      if (!midway) return;
      response.writeHead(200, { etag: etagOf(content), 'content-length': content.length });
      response.write(content.subarray(0, 40_000));
    };
    await download({
      patience: { ...patience, attempts: 100, stallMs: 500 },
      onNotice: (notice) => notices.push(notice),
    });
    // On a busy machine the next answer may come late, too.
    expect(notices[0]).toMatch(/^nothing came for 0\.5 s; trying again in 0\.0 s$/);
    expect(hub.requests[1]!.headers.range).toBe(midway ? 'bytes=40000-' : undefined);
    await expectWhole();
  });

  it('a slow server that keeps sending is not given up', async () => {
    const PIECE = 20_000;
    const pieces = content.length / PIECE;
    let send = (): void => {};
    hub.handler = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      let at = 0;
      send = () => {
        response.write(content.subarray(at, at + PIECE));
        at += PIECE;
      };
      send();
    };
    // Each pause is shorter than a stall by the stopwatch that is shown, all of them together are longer.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      let next = PIECE;
      await download({
        patience: { ...patience, stallMs: 500 },
        onProgress: ({ file, phase, doneBytes }) => {
          if (file !== dataset.train.name || phase !== 'download' || doneBytes !== next) return;
          next += PIECE;
          vi.advanceTimersByTime(1000 / (pieces - 1));
          if (doneBytes < content.length) send();
        },
      });
    } finally {
      vi.useRealTimers();
    }
    expect(hub.requests).toHaveLength(1);
    await expectWhole();
  });

  it.each([404, 401, 403, 400])('status %i fails at once and says what to do', async (status) => {
    hub.handler = (_, response) => response.writeHead(status).end('no');
    const error = await failure(download());
    expect(hub.requests).toHaveLength(1);
    expect(error.message).toContain(`(status ${status})`);
    expect(error.where).toBe(`${hub.endpoint}/datasets/owner/name/resolve/abc/train.txt`);
    expect(error.remedy).toContain(`HF_ENDPOINT=${hub.endpoint}`);
  });

  it.each([500, 503, 429, 408])('status %i is tried again', async (status) => {
    hub.handler = (request, response, attempt) =>
      attempt === 1 ? response.writeHead(status).end() : serve(request, response, content);
    await download();
    expect(hub.requests).toHaveLength(2);
    await expectWhole();
  });

  it('a download gives up after repeated 500 responses', async () => {
    hub.handler = (_, response) => response.writeHead(500).end();
    expect((await failure(download())).message).toBe('The download failed: the server answers 500');
    expect(hub.requests).toHaveLength(patience.attempts);
  });

  it('a download waits as long as Retry-After asks', async () => {
    const times: number[] = [];
    hub.handler = (request, response, attempt) => {
      times.push(Date.now());
      if (attempt === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      else serve(request, response, content);
    };
    await download();
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
  });

  it.each(['7200', new Date(Date.now() + 7_200_000).toUTCString()])(
    'a download does not wait for hours (%s)',
    async (value) => {
      hub.handler = (_, response) => response.writeHead(503, { 'retry-after': value }).end();
      expect((await failure(download())).message).toMatch(/answers 503 and asks to wait 7[12]\d\d s$/);
      expect(hub.requests).toHaveLength(1);
    },
  );

  it('a download follows redirects, and checks the headers that the hub sends with them', async () => {
    hub.handler = (request, response) => {
      if (request.url !== '/content') {
        response.writeHead(302, {
          location: '/content',
          'x-linked-size': content.length,
          'x-linked-etag': `"${dataset.train.sha256}"`,
        });
        response.end();
      } else serve(request, response, content);
    };
    await download();
    expect(hub.requests).toHaveLength(2);
    await expectWhole();
  });

  it.each([
    ['x-linked-size', '5', /has 5 bytes, expected 200000/],
    ['x-linked-etag', `"${sha256(other)}"`, /another file: SHA-256/],
  ])('a different file is refused by its %s before it is fetched', async (header, value, message) => {
    hub.handler = (request, response) => {
      if (request.url !== '/content')
        response.writeHead(302, { location: '/content', [header]: value }).end();
      else response.writeHead(200, { 'content-length': content.length }).flushHeaders();
    };
    expect((await failure(download())).message).toMatch(message);
    await expect(stat(join(hub.dir, 'train.txt.part'))).resolves.toMatchObject({ size: 0 });
  });

  it.each([
    ['in a loop', '/again', /more than 5 times/],
    ['to a file', 'file:///etc/passwd', /not a web address/],
    ['to nonsense', 'http://[', /not a web address/],
  ])('a redirect %s is refused', async (_, location, message) => {
    hub.handler = (_, response) => response.writeHead(302, { location }).end();
    expect((await failure(download())).message).toMatch(message);
  });

  it('a partial file with the wrong hash is deleted, with a notice', async () => {
    hub.handler = (request, response) => serve(request, response, other);
    const error = await failure(download());
    expect(error.message).toBe(
      `The downloaded file has SHA-256 ${sha256(other)}, expected ${dataset.train.sha256}`,
    );
    expect(error.remedy).toMatch(/deleted/);
    expect(await readdir(hub.dir)).toEqual(['valid.txt', 'valid.txt.verified.json']);
  });

  it('a compressed body is refused', async () => {
    hub.handler = (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    expect((await failure(download())).message).toMatch(/compressed \(gzip\)/);
  });

  it('a download survives a connection reset before and after the headers', async () => {
    hub.handler = (request, response, attempt) => {
      if (attempt === 1) request.socket.resetAndDestroy();
      else if (attempt === 2) {
        response.writeHead(200, { 'content-length': content.length });
        response.flushHeaders();
        setTimeout(() => request.socket.resetAndDestroy(), 5);
      } else serve(request, response, content);
    };
    await download();
    expect(hub.requests).toHaveLength(3);
    await expectWhole();
  });
});
