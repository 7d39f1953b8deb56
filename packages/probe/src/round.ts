import { setTimeout as sleep } from 'node:timers/promises';
import { now } from './attempt.ts';
import { ProbeError } from './errors.ts';
import { measureLag, type Lag } from './lag.ts';
import { startLoad, type Load } from './load.ts';
import type { LoadOptions } from './load-options.ts';
import type { Counts } from './outcome.ts';
import {
  describeExit,
  startServer,
  type Exit,
  type ServerOptions,
  type ServerProcess,
} from './server-process.ts';
import type { LoadTally } from './tally.ts';
import { within } from './within.ts';

/** One shutdown: a server, a load, and a signal in the middle of it. All times are in milliseconds. */
export interface RoundOptions extends ServerOptions {
  readonly load?: LoadOptions | undefined;
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
   * Longest time for which the load goes on after the signal. It ends earlier, shortly after the server is gone.
   * @defaultValue 2000
   */
  readonly loadAfterSignal?: number | undefined;
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

/** What one shutdown did to the clients. Plain data; times are milliseconds after the signal. */
export interface Round extends LoadTally {
  readonly command: readonly string[];
  readonly signal: NodeJS.Signals;
  /** Milliseconds since 1970. */
  readonly signalledAt: number;
  /** When the first client was refused that came after the signal. Null if none was. */
  readonly signalToRefused: number | null;
  readonly signalToExit: number;
  readonly exit: Exit;
  /** Whether the server was still there when the load ended: it may have waited for the load to end. */
  readonly outlastedLoad: boolean;
  /** Whether the server had to be killed. */
  readonly killed: boolean;
  /** How late the clients' own timers were. */
  readonly lag: Lag;
  /** The last 4,000 characters that the server wrote. */
  readonly stdout: string;
  readonly stderr: string;
}

/** Milliseconds for which the load goes on when the process is gone: does anything still accept? */
const AFTER_EXIT = 100;

/**
 * Starts a server, puts load on it, signals it, and accounts for every attempt. Nothing of it is left when this
 * returns or throws. @throws ERR_PROBE_START_FAILED, ERR_PROBE_SERVER_DIED, ERR_PROBE_NOT_LOOPBACK
 */
export async function runRound(options: RoundOptions): Promise<Round> {
  let phase: Progress['phase'] = 'starting';
  let load: Load | undefined;
  let server: ServerProcess | undefined;
  const progress = setInterval(() => options.onProgress?.({ phase, counts: load?.counts }), 100);
  try {
    server = await startServer(options);
    const stopLag = measureLag();
    load = startLoad(server.target, options.load);
    phase = 'load';
    await within(server.exited, options.warmup ?? 700);
    if (server.exit) throw died(options, server);

    phase = 'signalled';
    const { signal = 'SIGTERM', group = false, loadAfterSignal = 2_000, exitTimeout = 15_000 } = options;
    const signalledAt = now();
    load.signalled(signalledAt);
    server.signal(signal, group);
    const outlastedLoad = !(await within(server.exited, loadAfterSignal));
    if (!outlastedLoad) await sleep(AFTER_EXIT);

    phase = 'ending';
    load.stop();
    const lag = stopLag();
    const killed = !(await within(server.exited, signalledAt + exitTimeout - now()));
    await server.destroy();
    await server.exited;
    await load.ended;

    const { code = null, signal: endSignal = null, at = now() } = server.exit ?? {};
    const tally = load.result();
    return {
      ...tally,
      command: options.command,
      signal,
      signalledAt,
      signalToRefused: tally.refused.first,
      signalToExit: at - signalledAt,
      exit: { code, signal: endSignal },
      outlastedLoad,
      killed,
      lag,
      stdout: server.stdout,
      stderr: server.stderr,
    };
  } finally {
    clearInterval(progress);
    load?.stop();
    await server?.destroy();
  }
}

function died({ command }: RoundOptions, { exit, stdout, stderr }: ServerProcess): ProbeError {
  const how = exit ? describeExit(exit) : 'unknown';
  return new ProbeError(
    'ERR_PROBE_SERVER_DIED',
    `${command.join(' ')} ended under load, before the signal: ${how}\n${stdout}${stderr}`,
  );
}
