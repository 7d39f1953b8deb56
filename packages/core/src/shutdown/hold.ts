import { addStop, stopsChanged, type Stop } from '../process/stops.ts';
import type { Interferences } from './interferences.ts';
import type { Servers } from './servers.ts';

/** The hold of one coordinator on its process and its servers: nothing but the drain ends what it serves. */
export interface Hold {
  /** From the signal, or from `shutdown()`, on. */
  readonly begin: (signal?: NodeJS.Signals) => void;
  /** No client can be lost by what the program does to its servers: its own signal listeners may run. */
  readonly calm: () => void;
  /** All connections have ended: what the program wanted closed is. */
  readonly drained: () => void;
  /** The report is complete. */
  readonly over: () => void;
  /** Lets go of the process. */
  readonly end: () => void;
}

export function createHold(
  servers: Pick<Servers, 'guard' | 'list'>,
  about: Pick<Stop, 'describe' | 'failed'>,
  interferences: Interferences,
): Hold {
  const stop: Stop = {
    signal: undefined,
    calm: false,
    over: false,
    note: (what, outcome) => interferences.note(what, outcome, stop.calm),
    ...about,
  };
  let remove: (() => void) | undefined;

  function calm(): void {
    if (stop.calm) return;
    stop.calm = true;
    stopsChanged();
  }

  return {
    begin: (signal) => {
      stop.signal = signal ?? stop.signal;
      if (remove !== undefined || stop.over) return;
      servers.guard.begin(servers.list(), stop.note);
      remove = addStop(stop);
    },
    calm,
    drained: () => {
      servers.guard.answer();
      calm();
    },
    over: () => {
      stop.over = true;
      stopsChanged();
    },
    end: () => {
      remove?.();
      remove = undefined;
      if (!stop.over) servers.guard.end();
    },
  };
}
