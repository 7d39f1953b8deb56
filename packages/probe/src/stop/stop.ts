import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../measure/attempt.ts';
import { ProbeError } from '../errors.ts';
import { measureLag, type Lag } from '../measure/lag.ts';
import type { Load } from '../load/load.ts';
import { addCounts, emptyCounts, type Counts } from '../measure/outcome.ts';
import { describeExit, type Exit, type Server } from '../server/server.ts';
import { stoppedBy } from '../server/stop-command.ts';
import type { LoadTally } from '../measure/tally.ts';
import type { Target } from '../network/target.ts';
import { within } from '../measure/within.ts';

/** When and how a server is stopped. All times are in milliseconds. */
export interface StopSettings {
  /**
   * Time under load before the signal.
   * @defaultValue 700
   */
  readonly warmup?: number | undefined;
  /** @defaultValue 'SIGTERM' */
  readonly signal?: NodeJS.Signals | undefined;
  /**
   * Whether the signal goes to the server's whole process group, as from a terminal or from systemd.
   * @defaultValue false
   */
  readonly group?: boolean | undefined;
  /**
   * A shell command that stops the server instead, as `docker stop web`. It gets the process id in `PROBE_PID`.
   * @defaultValue none
   */
  readonly stopCommand?: string | undefined;
  /**
   * Longest time for which the load goes on after the signal. It ends earlier, 100 ms to 1 s after the server is gone.
   * @defaultValue 2000
   */
  readonly loadAfterSignal?: number | undefined;
  /**
   * Longest time for which the load goes on after a client was refused.
   * @defaultValue Infinity
   */
  readonly loadAfterRefusal?: number | undefined;
  /**
   * Time from the signal after which the server is killed.
   * @defaultValue 15000
   */
  readonly exitTimeout?: number | undefined;
  /** Called every 100 ms. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface Progress {
  readonly phase: 'starting' | 'load' | 'signalled' | 'ending';
  readonly counts: Counts | undefined;
}

/** The facts of one stop. Times are milliseconds after the signal. */
export interface Stop {
  readonly signal: NodeJS.Signals;
  /** The command that stopped the server instead of the signal. */
  readonly stopCommand: string | null;
  /** Milliseconds since 1970. */
  readonly signalledAt: number;
  readonly signalToExit: number;
  readonly exit: Exit;
  /** Whether the server was still there when the load ended: it may have waited for that. */
  readonly outlastedLoad: boolean;
  /** Whether the server did not end by itself in time. */
  readonly killed: boolean;
  /** Whether other processes of its group were there after it. */
  readonly leftBehind: boolean;
  /** Lag of the clients' own timers. */
  readonly lag: Lag;
  /** The last 4,000 characters that the server wrote. */
  readonly stdout: string;
  readonly stderr: string;
}

export interface StopOptions extends StopSettings {
  /** For error messages. */
  readonly name: string;
  readonly start: () => Promise<Server>;
  /** Starts all clients, when the server listens. */
  readonly load: (target: Target) => readonly Load[] | Promise<readonly Load[]>;
  /** Whether clients wait for the server to act: what is in flight when the load ends has hung. */
  readonly patient?: boolean | undefined;
}

/** The load goes on for so long after the exit: another process may still accept. */
const AFTER_EXIT_MS = 100;
/** The same, while no client was refused: on a busy machine none may have tried yet. */
const AFTER_EXIT_LIMIT_MS = 1_000;
const POLL_MS = 10;
const LAST_ANSWERS_MS = 250;

/**
 * Starts a server and its clients, signals it, and waits until both are done. No process is left when this returns or
 * throws. @throws ERR_PROBE_SERVER_DIED, ERR_PROBE_STOP_FAILED
 */
export async function stopUnderLoad(options: StopOptions): Promise<[Stop, LoadTally[]]> {
  const { warmup = 700, signal = 'SIGTERM', group = false, stopCommand, exitTimeout = 15_000 } = options;
  let phase: Progress['phase'] = 'starting';
  let loads: readonly Load[] = [];
  let server: Server | undefined;
  const progress = setInterval(() => {
    options.onProgress?.({ phase, counts: phase === 'starting' ? undefined : sum(loads) });
  }, 100);
  try {
    server = await options.start();
    if (stopCommand !== undefined) server = stoppedBy(stopCommand, server);
    const stopLag = measureLag();
    loads = await options.load(server.target);
    phase = 'load';
    await within(server.exited, warmup);
    if (server.exit) throw died(options.name, server);

    phase = 'signalled';
    for (const load of loads) load.rush();
    // Node connects one tick later.
    await new Promise((resolve) => {
      process.nextTick(resolve);
    });
    const signalledAt = now();
    for (const load of loads) load.signalled(signalledAt);
    server.signal(signal, group);
    const outlastedLoad = !(await loadEnds(server, loads, signalledAt, options));
    if (!outlastedLoad) await seeRefusal(loads);

    phase = 'ending';
    for (const load of loads) load.stop();
    if (options.patient) await expireRest(loads);
    const lag = stopLag();
    const killed = !(await within(server.exited, signalledAt + exitTimeout - now()));
    const { leftBehind } = server;
    await server.destroy();
    if (killed) await within(server.exited, 1_000);
    await Promise.all(loads.map((load) => load.ended));

    const { code = null, signal: endSignal = null, at = now() } = server.exit ?? {};
    const stop: Stop = {
      signal,
      stopCommand: stopCommand ?? null,
      signalledAt,
      signalToExit: at - signalledAt,
      exit: { code, signal: endSignal },
      outlastedLoad,
      killed,
      leftBehind,
      lag,
      stdout: server.stdout,
      stderr: server.stderr,
    };
    return [stop, loads.map((load) => load.result())];
  } finally {
    clearInterval(progress);
    for (const load of loads) load.stop();
    await server?.destroy();
  }
}

/** Lets the clients of a server that is gone find out. */
async function seeRefusal(loads: readonly Load[]): Promise<void> {
  const end = now() + AFTER_EXIT_LIMIT_MS;
  await sleep(AFTER_EXIT_MS);
  while (now() < end && loads.every((load) => load.firstRefused === null)) await sleep(POLL_MS);
}

/** What a server was stopped by, in words. */
export function describeStop({ signal, stopCommand }: Pick<Stop, 'signal' | 'stopCommand'>): string {
  return (stopCommand ?? null) === null ? signal : 'the stop command';
}

/** Waits until the load may end; true when that is because the server is gone. */
async function loadEnds(
  { exited }: Server,
  loads: readonly Load[],
  signalledAt: number,
  { loadAfterSignal = 2_000, loadAfterRefusal = Infinity }: StopOptions,
): Promise<boolean> {
  if (loadAfterRefusal === Infinity) return within(exited, loadAfterSignal);
  for (;;) {
    const refused = Math.min(...loads.map((load) => load.firstRefused ?? Infinity));
    const left = signalledAt + Math.min(loadAfterSignal, refused + loadAfterRefusal) - now();
    if (left <= 0) return false;
    if (await within(exited, Math.min(left, POLL_MS))) return true;
  }
}

/** Gives up the attempts of patient clients, which only wait for the server; answers on their way get a moment more. */
async function expireRest(loads: readonly Load[]): Promise<void> {
  await within(Promise.all(loads.map((load) => load.ended)), LAST_ANSWERS_MS);
  for (const load of loads) load.expire();
}

function sum(loads: readonly Load[]): Counts {
  const counts = emptyCounts();
  for (const load of loads) addCounts(counts, load.counts);
  return counts;
}

function died(name: string, { exit, stdout, stderr }: Server): ProbeError {
  const how = exit ? describeExit(exit) : 'unknown';
  return new ProbeError(
    'ERR_PROBE_SERVER_DIED',
    `${name} ended under load, before the signal: ${how}\n${stdout}${stderr}`,
  );
}
