import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { FOLDER } from './build.ts';
import type { Order, Report } from './child.ts';

/** What came of a mutant: the suite and the test that found it, or null. */
export interface Verdict {
  readonly suite: string;
  readonly test: string;
  /** The test's error, or how the process ended. */
  readonly error: string;
}

/** A test that is silent for so long hangs. */
const PATIENCE_MS = 300_000;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Runs mutants in a process of their own, which is replaced when one of them ends or damages it. */
export class MutantProcess {
  private child: ChildProcess | undefined;

  /** Begins a new process, in which a mutant has an effect from the beginning (0: none). */
  start(mutant = 0): ChildProcess {
    this.stop();
    const env = {
      ...process.env,
      FLASHLM_ADDON: FOLDER,
      FLASHLM_CONFORMANCE: 'quick',
      FLASHLM_MUTANT: String(mutant),
      TSX_TSCONFIG_PATH: here('tsconfig.json'),
    };
    this.child = fork(here('child.ts'), [], {
      env,
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return this.child;
  }

  stop(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  private ask(order: Order): Promise<Report | Verdict> {
    const child = this.child ?? this.start();
    return new Promise((resolve, reject) => {
      let last: { readonly at: string; readonly test: string } | undefined;
      let timer: NodeJS.Timeout;
      const finish = (answer: Report | Verdict) => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(answer);
      };
      const end = (error: string) => {
        // Nothing that is wrong with the suites themselves may pass for finding a mutant.
        if (!last) reject(new Error(`the process ${error} before its first test`));
        else finish({ suite: last.at, test: last.test, error });
      };
      const wait = () => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          this.stop();
          end('hangs');
        }, PATIENCE_MS);
      };
      child.on('exit', (code, signal) => {
        this.child = undefined;
        end(`ends with ${signal ?? code}`);
      });
      child.on('message', (report: Report) => {
        if (!('at' in report)) return finish(report);
        last = report;
        wait();
      });
      wait();
      child.send(order);
    });
  }

  /**
   * Runs a mutant against some suites, or one test of the first, until something fails. Throws when the test fails
   * without the mutant too, in a new process, unless `isLasting`: the mutant stays, or leaves a damaged process.
   */
  async run({ isLasting, ...order }: Order & { readonly isLasting: boolean }): Promise<Verdict | null> {
    for (let attempt = 0; ; attempt++) {
      const answer = await this.ask(order);
      if ('suite' in answer) return answer;
      if (!('failed' in answer)) return null;
      const { failed: suite, test, error, isSound } = answer;
      if (isSound || isLasting) return { suite, test, error };
      this.stop();
      if (attempt === 1)
        throw new Error(`${suite} fails without mutant ${order.mutant} too: ${test}: ${error}`);
    }
  }
}
