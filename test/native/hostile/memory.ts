import type { Data } from '../valid-call.ts';

/** ES2024, which Node 20 has: memory that can change its size. */
export interface Resizable extends ArrayBuffer {
  resize(bytes: number): void;
}
export interface Growable extends SharedArrayBuffer {
  grow(bytes: number): void;
}
type Sized<B> = new (bytes: number, options: { maxByteLength: number }) => B;
export const ResizableBuffer = ArrayBuffer as unknown as Sized<Resizable>;
export const GrowableBuffer = SharedArrayBuffer as unknown as Sized<Growable>;

/** Absent where there is no just-in-time compiler (`node --jitless`). */
export const { WebAssembly } = globalThis as unknown as {
  WebAssembly?: {
    Memory: new (pages: { initial: number }) => { buffer: ArrayBuffer; grow(pages: number): void };
  };
};

export interface Like {
  new (length: number): Data;
  new (memory: ArrayBufferLike, offset?: number, length?: number): Data;
}

/** The constructor of an array's own type. */
export const likeOf = (data: Data): Like => data.constructor as unknown as Like;

const getter = (name: string | symbol): ((array: unknown) => unknown) => {
  const { get } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), name)!;
  return (array) => get!.call(array);
};
const realBuffer = getter('buffer');
const realType = getter(Symbol.toStringTag);
const TYPES: Readonly<Record<string, unknown>> = { Float32Array, Int8Array, Int32Array, Uint8Array };

/** Whether a value is an array that a kernel could take, whatever it says of itself. */
export const isData = (value: unknown): value is Data => (realType(value) as string) in TYPES;

/** All bytes of the memory an array lies in; none when it was sent away. */
export function memoryOf(data: Data): Uint8Array {
  const memory = realBuffer(data) as ArrayBuffer;
  return memory.byteLength ? new Uint8Array(memory).slice() : new Uint8Array(0);
}

/** The values alone, in an ordinary array. */
export const plain = (data: Data): Data => new (TYPES[realType(data) as string] as Like)(data as never);

/** The same values in memory of `bytes` more, from `offset` on; `length` undefined follows the memory's size. */
function filled(memory: ArrayBufferLike, data: Data, offset: number, length?: number): Data {
  const array = new (likeOf(data))(memory, offset, length);
  array.set(data);
  return array;
}

/** Takes an array's memory away, as sending it to a worker does. */
export function detach(data: Data): Data {
  structuredClone(data.buffer, { transfer: [data.buffer as ArrayBuffer] });
  return data;
}

/** A copy whose memory became smaller after the array was made; `length` undefined follows it. */
export function shrunk(data: Data, length?: number): Data {
  const step = data.BYTES_PER_ELEMENT;
  const memory = new ResizableBuffer(data.byteLength, { maxByteLength: data.byteLength + step });
  const copy = filled(memory, data, 0, length);
  memory.resize(data.byteLength - 1);
  return copy;
}

/** A copy whose memory has been shrunk to nothing before the array's first byte. */
export function outOfBounds(data: Data): Data {
  const memory = new ResizableBuffer(8 + data.byteLength, { maxByteLength: 16 + data.byteLength });
  const copy = filled(memory, data, 8);
  memory.resize(4);
  return copy;
}

/** A copy in memory that a grown WebAssembly module has left behind. */
export function leftBehind(data: Data): Data {
  const memory = new WebAssembly!.Memory({ initial: 1 });
  const copy = filled(memory.buffer, data, 0, data.length);
  memory.grow(1);
  return copy;
}

/** Copies that are the same array to a kernel, whatever they look like. */
export const GUISES: Readonly<Record<string, (data: Data) => Data>> = {
  'an array at an offset': (data) => {
    const step = data.BYTES_PER_ELEMENT;
    return filled(new ArrayBuffer(data.byteLength + 5 * step), data, 3 * step, data.length);
  },
  'an array in resizable memory': (data) => {
    const memory = new ResizableBuffer(data.byteLength, { maxByteLength: 2 * data.byteLength });
    return filled(memory, data, 0, data.length);
  },
  'an array that follows its memory': (data) => {
    const step = data.BYTES_PER_ELEMENT;
    const memory = new ResizableBuffer(step, { maxByteLength: 4 * data.byteLength });
    const copy = new (likeOf(data))(memory, step);
    memory.resize(step + data.byteLength);
    copy.set(data);
    return copy;
  },
  'an array that is grown and shrunk back': (data) => {
    const memory = new ResizableBuffer(data.byteLength, { maxByteLength: 4 * data.byteLength });
    const copy = new (likeOf(data))(memory, 0, data.length);
    memory.resize(4 * data.byteLength);
    memory.resize(data.byteLength);
    copy.set(data);
    return copy;
  },
  'an array of a subclass': (data) => {
    class Own extends (likeOf(data) as unknown as typeof Float32Array) {
      override get length(): number {
        return 1;
      }
    }
    const copy = new Own(data.length);
    likeOf(data).prototype.set.call(copy, data);
    return copy as Data;
  },
  'an array that lies about itself': (data) => {
    const copy = data.slice();
    for (const property of ['length', 'byteLength', 'byteOffset', 'buffer', 'constructor'])
      Object.defineProperty(copy, property, { value: 1 });
    return copy;
  },
  'an array without a prototype': (data) => Object.setPrototypeOf(data.slice(), null),
  ...(WebAssembly && {
    'an array in WebAssembly memory': (data: Data) =>
      filled(new WebAssembly.Memory({ initial: 1 }).buffer, data, 8, data.length),
  }),
};

/** Copies in memory that other threads can see. */
export const SHARED_GUISES: Readonly<Record<string, (data: Data) => Data>> = {
  'an array in shared memory': (data) => filled(new SharedArrayBuffer(data.byteLength), data, 0),
  'an array in shared memory that has grown': (data) => {
    const memory = new GrowableBuffer(0, { maxByteLength: 2 * data.byteLength });
    const copy = new (likeOf(data))(memory);
    memory.grow(data.byteLength);
    copy.set(data);
    return copy;
  },
};
