import { Worker } from 'node:worker_threads';

/** One input may take this long: a guard against hanging, not a measure of speed, however busy the disk is. */
export const PATIENCE_MS = 30_000;

/**
 * Watches from another thread, because code that hangs may hold up this one. What waits for a pipe is let go after a
 * while, so that it becomes an ordinary finding; what does not come back at all ends the process, with a last line.
 */
export class Watchdog {
  private readonly since = new Float64Array(new SharedArrayBuffer(8));
  private readonly worker: Worker;

  /** `pipe`: what an input may wait for. `name`: said when the process has to end. */
  constructor(pipe: string, name: string) {
    const code = `
      const { workerData: { since, pipe, name, patience } } = require('node:worker_threads');
      const fs = require('node:fs');
      setInterval(() => {
        // Read once: the other thread may set it back to 0 meanwhile, and all of time would have passed.
        const began = since[0];
        const passed = began === 0 ? 0 : Date.now() - began;
        if (passed > patience) fs.closeSync(fs.openSync(pipe, fs.constants.O_RDWR | fs.constants.O_NONBLOCK));
        if (passed < 3 * patience) return;
        fs.writeSync(2, name + ': an input hangs, and its process has to be killed\\n');
        process.kill(process.pid, 'SIGKILL');
      }, 500);`;
    const workerData = { since: this.since, pipe, name, patience: PATIENCE_MS };
    this.worker = new Worker(code, { eval: true, workerData, execArgv: [] });
    this.worker.unref();
  }

  /** Runs `work`. Throws when it takes too long, also where it has stopped meanwhile. */
  async watch(work: () => void | Promise<void>): Promise<void> {
    const began = performance.now();
    let timer: NodeJS.Timeout | undefined;
    this.since[0] = Date.now();
    try {
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(tooSlow()), PATIENCE_MS + 1000);
      });
      await Promise.race([work(), late]);
    } finally {
      this.since[0] = 0;
      clearTimeout(timer);
    }
    if (performance.now() - began > PATIENCE_MS) throw tooSlow();
  }

  close(): Promise<number> {
    return this.worker.terminate();
  }
}

function tooSlow(): Error {
  return new Error(`an input took longer than ${PATIENCE_MS / 1000} s`);
}
