import { startLoad } from '../load/load.ts';
import type { LoadOptions } from '../clients/load-options.ts';
import { startServer, type ServerOptions } from '../server/server-process.ts';
import { stopUnderLoad, type Stop, type StopSettings } from './stop.ts';
import type { LoadTally } from '../measure/tally.ts';

/** One shutdown: a server, a load, and a signal in the middle of it. All times are in milliseconds. */
export interface RoundOptions extends ServerOptions, StopSettings {
  readonly load?: LoadOptions | undefined;
}

/** What one shutdown did to the clients. Plain data; times are milliseconds after the signal. */
export interface Round extends LoadTally, Stop {
  readonly command: readonly string[];
  /** When the first client was refused that started after the signal. Null if none was. */
  readonly signalToRefused: number | null;
}

/**
 * Starts a server, puts load on it, signals it, and accounts for every attempt. No process is left when this
 * returns or throws. @throws ERR_PROBE_START_FAILED, ERR_PROBE_SERVER_DIED, ERR_PROBE_NOT_LOOPBACK
 */
export async function runRound(options: RoundOptions): Promise<Round> {
  const { command } = options;
  const [stop, tallies] = await stopUnderLoad({
    ...options,
    name: command.join(' '),
    start: () => startServer(options),
    load: (target) => [startLoad(target, options.load)],
  });
  return toRound(command, stop, tallies[0] as LoadTally);
}

export function toRound(command: readonly string[], stop: Stop, tally: LoadTally): Round {
  return { ...tally, ...stop, command, signalToRefused: tally.refused.first };
}
