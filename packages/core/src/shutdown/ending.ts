import { now } from '../clock.ts';
import { writeStderr } from '../stderr.ts';
import { describeError } from '../api/errors.ts';
import type { ExitFunction, Settings } from '../api/options.ts';
import type { ShutdownReport } from '../api/report.ts';
import { askToExit, exitWith, expectExit, keepExitCode } from '../process/exit.ts';
import { signalExitCode } from '../process/guard.ts';
import { programListens } from '../process/program-listeners.ts';
import { runningStops } from '../process/stops.ts';
import type { DrainOrder } from './steps.ts';

/** Ends the process after a shutdown that the outside world wanted: a signal, a fatal error, the cluster. */
export interface Ending {
  readonly beginAndExit: (order: DrainOrder) => void;
  /** Keeps the exit code once the report is complete: a `process.exit(0)` of the program may come before ours. */
  readonly reported: (report: ShutdownReport) => void;
  /** A later signal: exits at once, by the `exit` function if there is one. Does nothing where `exit` is false. */
  readonly force: (signal: NodeJS.Signals) => void;
  /** As `beginAndExit`, after an error that nothing caught: the code is 1 whatever the report says. */
  readonly fail: (order: DrainOrder, error: string) => void;
  /** Says on stderr or to the logger what a report cannot say any more, or too late. */
  readonly tell: (error: string, what: string) => void;
}

export interface EndingContext {
  readonly begin: (order: DrainOrder) => Promise<ShutdownReport>;
  /** Milliseconds that the shutdown has left, which may have begun with more than a signal gives it. */
  readonly left: () => number;
  /** Called with the report before the process exits. */
  readonly finished: (report: ShutdownReport) => Promise<void>;
  /** Cuts what is left, and gives the report of a shutdown that ends here. */
  readonly forced: (signal: NodeJS.Signals) => ShutdownReport;
  readonly note: (error: unknown) => void;
}

export function createEnding(
  { exit, logger, timeout }: Pick<Settings, 'exit' | 'logger' | 'timeout'>,
  { begin, left, finished, forced, note }: EndingContext,
): Ending {
  let exiting = false;
  let failed = false;
  let complete = false;
  /** Whether a later signal has ended the shutdown. */
  let over = false;

  function beginAndExit(order: DrainOrder): void {
    const report = begin(order);
    // A signal behind the report of a stop that the program was left to end, and it does not listen for that.
    if (complete && order.own && exit === true && !programListens(order.reason)) askToExit(0);
    if (exiting) return;
    exiting = true;
    const until = now() + Math.max(order.timeout ?? timeout, left());
    const release = exit === false ? undefined : expectExit(until);
    void report.then(async (its) => {
      await finished(its).catch(note);
      const code = failed ? 1 : its.exitCode;
      if (exit === true) exitWith(code, until);
      if (typeof exit === 'function' && !over) await callExit(exit, code, its, until);
      release?.();
    });
  }

  /** Calls the `exit` function of the program. One that fails has not ended the process, which exits with code 1. */
  async function callExit(
    exitFunction: ExitFunction,
    code: number,
    done: ShutdownReport,
    until: number,
  ): Promise<void> {
    try {
      const returned: unknown = exitFunction(code, done);
      await returned;
    } catch (error) {
      tell(describeError(error), 'the exit function failed');
      // After a second signal nothing else is waited for.
      if (over) process.exit(1);
      exitWith(1, until);
    }
  }

  function tell(error: string, what: string): void {
    try {
      if (logger === undefined) writeStderr(`${error}\n`);
      else logger.error({ error }, `shutdown: ${what}`);
    } catch (failure) {
      note(failure);
    }
  }

  return {
    beginAndExit,
    reported: ({ exitCode }) => {
      complete = true;
      if (exiting && exit === true) keepExitCode(failed ? 1 : exitCode);
    },
    force: (signal) => {
      if (exit === false) return;
      const report = forced(signal);
      for (const stop of runningStops()) stop.over = true;
      const code = signalExitCode(signal) ?? 1;
      if (exit === true) process.exit(code);
      exiting = true;
      over = true;
      void callExit(exit, code, report, now());
    },
    fail: (order, error) => {
      failed = true;
      // The report may be complete already, and the process about to exit.
      process.exitCode = 1;
      tell(error, order.reason);
      beginAndExit(order);
    },
    tell,
  };
}
