import type { ShutdownReport } from '@graceful-cluster/core';
import type { ServerSetup } from '../fixtures/connections/server.ts';
import { startChild, type Child, type Owner } from './child.ts';

/** Starts a program that prints and answers what `fixtures/connections/server.ts` does. */
export type StartServer = (t: Owner, setup: ServerSetup) => Promise<Child>;

export const startServer: StartServer = (t, setup) => startChild(t, 'connections/server', { args: [setup] });

/**
 * How much earlier than asked for a wait may be over by `performance.now()`, in milliseconds. Node rounds a timer's
 * length down and libuv's clock counts whole milliseconds, so that a timer fires up to two of them early.
 */
export const EARLY_MS = 2;

/** For tests in which everything ends by itself: the rest is for a very busy machine. */
export const options = { timeout: 30_000, keepAliveGrace: 500 } as const;

/** Two seconds until connections are cut, and 500 ms for the rest. */
export const short = { timeout: 2_500, cleanupTimeout: 500, keepAliveGrace: 500 } as const;

/** Three seconds until event streams are ended, and three more. */
export const halves = { timeout: 6_500, cleanupTimeout: 500, keepAliveGrace: 500 } as const;

/** What a shutdown with `short` takes at least where something is cut. */
export const untilCut = short.timeout - short.cleanupTimeout - EARLY_MS;

/** A shutdown that took longer was held up by something, and not by a busy machine. */
export const late = short.timeout + 2_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly report: ShutdownReport;
  /** What the application says it answered in its whole life. */
  readonly answered: number;
  /** Milliseconds from the signal to the report, on the clock of the server: a busy machine delays all else. */
  readonly took: number;
}

export interface Stopping {
  readonly ended: Promise<Ended>;
}

/** Sends SIGTERM and waits until the listeners are off the network. */
export async function stop(child: Child): Promise<Stopping> {
  child.kill('SIGTERM');
  const ended = child.exited.then(({ code, signal, stderr }): Ended => {
    const report = JSON.parse(child.lines('report').at(-1) ?? 'null') as ShutdownReport;
    const answered = Number(child.lines('answered').at(-1));
    return { code, signal, stderr, report, answered, took: report?.duration };
  });
  await child.line('closing');
  return { ended };
}

/** What a coordinator without a logger says on stderr of a shutdown that was not clean. */
export const NOT_CLEAN =
  /^graceful-cluster: the stop was not clean \(.+\): .+\n.+docs\/troubleshooting\.md#not-clean\n$/;

/** What every shutdown without a loss has. */
export const clean = {
  code: 0,
  signal: null,
  stderr: '',
  report: { clean: true, exitCode: 0, connections: { cut: [] }, requests: { cut: 0 }, errors: [] },
} as const;

export const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
