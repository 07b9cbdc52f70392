import { parentPort } from 'node:worker_threads';
import { FlashError } from '../core/errors.ts';
import { JobRunner } from './chunk-jobs.ts';
import { buffersOf, type Reply, type Request } from './chunk-messages.ts';

// The thread that WorkerPool starts: does the jobs it is sent, one after the other, and answers each.
const port = parentPort!;
const runner = new JobRunner();

port.on('message', ({ id, job }: Request) => {
  let reply: Reply;
  try {
    reply = { id, result: runner.run(job) };
  } catch (error) {
    // Only plain data crosses threads with all its fields; a FlashError is put together again on the other side.
    reply =
      error instanceof FlashError ? { id, flashError: { ...error, message: error.message } } : { id, error };
  }
  port.postMessage(reply, buffersOf(reply.result));
});
