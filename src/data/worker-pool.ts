import { Worker } from 'node:worker_threads';
import { FlashError } from '../core/errors.ts';
import { type Job, type JobResult, JobRunner } from './chunk-jobs.ts';
import { buffersOf, type Reply, type Request } from './chunk-messages.ts';

/** Jobs under way per worker: one being done, one waiting so that the worker never does. */
const JOBS_PER_WORKER = 2;

/** Something that does jobs, in the order they are given. */
interface Lane {
  run<J extends Job>(job: J): Promise<JobResult<J>>;
  close(): Promise<unknown>;
}

/**
 * Does jobs on `workers` threads, or in this one when that is 1. Must be closed, also after an error: until then the
 * threads keep the process alive.
 */
export class WorkerPool {
  private readonly lanes: readonly Lane[];
  private next = 0;

  constructor(workers: number) {
    this.lanes = workers === 1 ? [new InlineLane()] : Array.from({ length: workers }, () => new ThreadLane());
  }

  /**
   * The results of the jobs, in the order of the jobs. Jobs are taken from the iterable only as results are taken
   * from the generator, so that memory stays flat when either side is slow.
   */
  async *results<J extends Job>(jobs: AsyncIterable<J>): AsyncGenerator<JobResult<J>> {
    const underWay: Promise<JobResult<J>>[] = [];
    for await (const job of jobs) {
      const result = this.lanes[this.next++ % this.lanes.length]!.run(job);
      // After an error nobody waits for later results.
      result.catch(() => {});
      underWay.push(result);
      if (underWay.length >= JOBS_PER_WORKER * this.lanes.length) yield await underWay.shift()!;
    }
    while (underWay.length > 0) yield await underWay.shift()!;
  }

  /** Does one job in every worker, after all that were given before. */
  async everywhere<J extends Job>(job: J): Promise<JobResult<J>[]> {
    return Promise.all(this.lanes.map((lane) => lane.run(job)));
  }

  async close(): Promise<void> {
    await Promise.all(this.lanes.map((lane) => lane.close()));
  }
}

class InlineLane implements Lane {
  private readonly runner = new JobRunner();

  async run<J extends Job>(job: J): Promise<JobResult<J>> {
    // Signals and timers get their turn between two jobs.
    await new Promise((resolve) => setImmediate(resolve));
    return this.runner.run(job) as JobResult<J>;
  }

  async close(): Promise<void> {}
}

class ThreadLane implements Lane {
  private readonly worker: Worker;
  private readonly waiting = new Map<
    number,
    { resolve: (result: never) => void; reject: (error: unknown) => void }
  >();
  private sent = 0;
  private failure?: Error;

  constructor() {
    this.worker = startWorker();
    this.worker.on('message', ({ id, result, error, flashError }: Reply) => {
      const { resolve, reject } = this.waiting.get(id)!;
      this.waiting.delete(id);
      if (flashError) reject(new FlashError(flashError.message, flashError));
      else if (error !== undefined) reject(error);
      else resolve(result as never);
    });
    this.worker.on('error', (error) => this.fail(error as Error));
    this.worker.on('exit', (code) => this.fail(new Error(`A data worker ended with exit code ${code}`)));
  }

  async run<J extends Job>(job: J): Promise<JobResult<J>> {
    if (this.failure) throw this.failure;
    const id = this.sent++;
    this.worker.postMessage({ id, job } satisfies Request, buffersOf('chunk' in job ? job.chunk : undefined));
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (result: never) => void, reject });
    });
  }

  close(): Promise<number> {
    return this.worker.terminate();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const { reject } of this.waiting.values()) reject(this.failure);
    this.waiting.clear();
  }
}

/**
 * Runs from the build (.js) as well as from source (.ts). There the thread first registers the loader that reads
 * TypeScript: Node 20 does not do it for `--import`. It is resolved from this file, as the working directory can be
 * anywhere.
 */
function startWorker(): Worker {
  if (!import.meta.url.endsWith('.ts')) {
    return new Worker(new URL('./chunk-worker.js', import.meta.url), { execArgv: [] });
  }
  const loader = import.meta.resolve('tsx/esm/api');
  const source = new URL('./chunk-worker.ts', import.meta.url).href;
  const start = `import('${loader}').then(({ register }) => { register(); return import('${source}'); });`;
  return new Worker(start, { eval: true, execArgv: [] });
}
