import fs, { constants } from 'node:fs';
import { type FileHandle, open as openHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { sep } from 'node:path';
import { getSystemErrorMap } from 'node:util';

/** One call of the file system that the program under test makes. */
export interface FsCall {
  /** Node's name of the function: `rename`, `writeSync`; of a FileHandle's with `handle.` before it. */
  readonly op: string;
  readonly path: string;
  /** Names, contents or lengths on the disk are others after it. */
  readonly changes: boolean;
  /** It needs room that it does not have yet: what a full disk refuses. */
  readonly grows: boolean;
}

/** What becomes of a call: it fails, or the process ends around it. `half`: a write has got half of its bytes out. */
export type Fault =
  | { readonly code: string; readonly half?: boolean }
  | { readonly end: 'before' | 'half' | 'after' };

export interface InterposeOptions {
  /** Only calls on this folder and what is in it are looked at. */
  readonly root: string;
  /** Asked before every call, in order. */
  readonly decide: (call: FsCall) => Fault | undefined;
  /** Ends the process, or what stands for it. Async calls wait for ever behind it, others throw. */
  readonly onEnd?: () => void;
}

type AnyFunction = (...args: never[]) => unknown;
type Functions = Record<string, AnyFunction>;

const { O_WRONLY, O_RDWR, O_CREAT } = constants;
const WRITES = /^(handle\.)?(write|writeFile|writeSync)$/;
const SYNCS = /(^|\.)(sync|fdatasyncSync)$/;
const CHANGES = /^(mkdir|rename|rm|link|copyFile|handle\.truncate|ftruncateSync)$/;
const GROWS = /^(mkdir|link|copyFile)$/;

/**
 * Puts itself between this process and its file system: every import of `node:fs` and `node:fs/promises` is bound to
 * the wrapped functions from now on, also in modules that were loaded before. Returns what takes them away again.
 */
export async function interpose(options: InterposeOptions): Promise<() => Promise<void>> {
  const { root, decide, onEnd } = options;
  const inside = (path: unknown): path is string =>
    typeof path === 'string' && (path === root || path.startsWith(root + sep));
  const paths = new Map<number, string>();
  const handles = new Map<FileHandle, string>();
  const undo: (() => void)[] = [];

  function replace(owner: object, name: string, make: (real: AnyFunction) => AnyFunction): void {
    const functions = owner as Functions;
    const real = functions[name]!;
    functions[name] = make(real);
    undo.push(() => {
      functions[name] = real;
    });
  }

  function describe(op: string, path: string, args: readonly unknown[]): FsCall {
    const flags = args[1] ?? 'r';
    const opensToWrite = typeof flags === 'number' ? (flags & (O_WRONLY | O_RDWR)) !== 0 : flags !== 'r';
    const creates = typeof flags === 'number' ? (flags & O_CREAT) !== 0 : opensToWrite;
    const opens = op === 'open' || op === 'openSync';
    const makes = (opens && creates) || GROWS.test(op);
    const writes = WRITES.test(op);
    return {
      op,
      path,
      changes: writes || CHANGES.test(op) || (opens && opensToWrite),
      // What exists already is refused, or opened, without any room.
      grows: writes || SYNCS.test(op) || (makes && (op === 'link' || !fs.existsSync(path))),
    };
  }

  /** The bytes that a write was given, and how to write some of them in its stead. */
  function halfOf(args: readonly unknown[]): Buffer {
    const data = args.find((arg) => typeof arg === 'string' || ArrayBuffer.isView(arg));
    const bytes = typeof data === 'string' ? Buffer.from(data) : bytesOf(data as Uint8Array);
    return bytes.subarray(0, bytes.length >> 1);
  }

  const failure = (code: string, { op, path }: FsCall): Error => {
    const [errno, text] = systemError(code);
    const message = `${code}: ${text}, ${op} '${path}'`;
    return Object.assign(new Error(message), { errno, code, syscall: op, path });
  };

  replace(fs, 'openSync', (real) => (...args) => {
    const path = args[0] as unknown;
    const fd = synchronously('openSync', path, args, real) as number;
    if (inside(path)) paths.set(fd, path);
    return fd;
  });
  replace(fs, 'closeSync', (real) => (...args) => {
    paths.delete(args[0]!);
    return real(...args);
  });
  for (const op of ['writeSync', 'readSync', 'fdatasyncSync', 'ftruncateSync', 'fstatSync']) {
    replace(
      fs,
      op,
      (real) =>
        (...args) =>
          synchronously(op, paths.get(args[0]!), args, real),
    );
  }
  replace(
    fs,
    'readFileSync',
    (real) =>
      (...args) =>
        synchronously('readFileSync', args[0], args, real),
  );
  // What a read stream is made of.
  for (const op of ['open', 'read']) {
    replace(fs, op, (real) => (...args: unknown[]) => {
      const done = args.at(-1) as (error: Error | null, fd?: number) => void;
      const path = op === 'open' ? args[0] : paths.get(args[0] as number);
      if (!inside(path)) return real(...(args as never[]));
      const call = describe(`stream.${op}`, path, args);
      const fault = decide(call);
      if (fault && 'code' in fault) return process.nextTick(done, failure(fault.code, call));
      const remember = (error: Error | null, fd?: number, ...more: unknown[]): void => {
        if (op === 'open' && !error) paths.set(fd!, path);
        (done as AnyFunction)(...([error, fd, ...more] as never[]));
      };
      return real(...([...args.slice(0, -1), remember] as never[]));
    });
  }
  replace(fs.promises, 'open', (real) => async (...args) => {
    const path = args[0] as unknown;
    const handle = (await asynchronously('open', path, args, () => real(...args))) as FileHandle;
    if (inside(path)) handles.set(handle, path);
    return handle;
  });
  for (const op of ['mkdir', 'rename', 'rm', 'link', 'copyFile', 'readFile', 'readdir', 'stat', 'lstat']) {
    // Of a call with two paths the second is the one that comes to be.
    const which = ['rename', 'link', 'copyFile'].includes(op) ? 1 : 0;
    replace(fs.promises, op, (real) => (...args) => {
      return asynchronously(op, args[which], args, () => real(...args));
    });
  }
  const probe = await openHandle(process.execPath);
  const prototype = Object.getPrototypeOf(probe) as object;
  await probe.close();
  for (const op of ['write', 'writeFile', 'sync', 'read', 'truncate']) {
    replace(
      prototype,
      op,
      (real) =>
        function (this: FileHandle, ...args) {
          const work = () => real.apply(this, args);
          return asynchronously(`handle.${op}`, handles.get(this), args, work, this);
        } as AnyFunction,
    );
  }
  replace(
    prototype,
    'close',
    (real) =>
      function (this: FileHandle) {
        handles.delete(this);
        return real.apply(this);
      } as AnyFunction,
  );
  syncBuiltinESMExports();

  function synchronously(op: string, path: unknown, args: never[], real: AnyFunction): unknown {
    const call = inside(path) ? describe(op, path, args) : undefined;
    const fault = call && decide(call);
    if (!fault) return real(...args);
    const half = 'code' in fault ? fault.half : fault.end === 'half';
    if (half && WRITES.test(op)) real(...([args[0], halfOf(args)] as never[]));
    if ('code' in fault) throw failure(fault.code, call);
    const result = fault.end === 'after' ? real(...args) : undefined;
    if (op === 'openSync' && result !== undefined) fs.closeSync(result as number);
    onEnd?.();
    throw new Error('the process has ended');
  }

  async function asynchronously(
    op: string,
    path: unknown,
    args: never[],
    work: () => unknown,
    handle?: FileHandle,
  ): Promise<unknown> {
    const call = inside(path) ? describe(op, path, args) : undefined;
    const fault = call && decide(call);
    if (!fault) return work();
    const half = 'code' in fault ? fault.half : fault.end === 'half';
    // Through the synchronous call: a FileHandle's own may be replaced, and may come to lie behind others.
    if (half && handle && WRITES.test(op)) writeAll(handle.fd, halfOf(args));
    if ('code' in fault) throw failure(fault.code, call);
    const result = fault.end === 'after' ? await work() : undefined;
    if (op === 'open') await (result as FileHandle | undefined)?.close();
    onEnd?.();
    return new Promise(() => {});
  }

  function writeAll(fd: number, bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at);
  }

  return async () => {
    for (const step of undo.reverse()) step();
    syncBuiltinESMExports();
    // What the program that "ended" would have had closed for it.
    // Bare descriptors stay open: it may still close them itself, and their numbers must not be another file's then.
    for (const handle of handles.keys()) await handle.close().catch(() => {});
  };
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** The number and the text by which this system knows the error. */
function systemError(code: string): readonly [errno: number, text: string] {
  for (const [errno, [name, text]] of getSystemErrorMap()) if (name === code) return [errno, text];
  throw new TypeError(`no error ${code}`);
}
