import { setImmediate } from '../clock.ts';
import { addStop, stopsChanged, type Stop } from '../process/stops.ts';
import type { Interferences } from './interferences.ts';
import type { Servers } from './servers.ts';

/** The hold of one coordinator on its process and its servers: nothing but the drain ends what it serves. */
export interface Hold {
  /** Takes hold, from the signal or from `shutdown()` on. */
  readonly begin: (signal?: NodeJS.Signals) => void;
  /** Lets the program's own signal listeners run: no client can be lost by what they do to its servers. */
  readonly calm: () => void;
  /** Calls back to the program for what it wanted closed: all connections have ended. */
  readonly drained: () => void;
  /** Lets an exit of the program through: the report is complete. */
  readonly over: () => void;
  /** Lets go of the process. */
  readonly end: () => void;
}

export function createHold(
  servers: Pick<Servers, 'guard' | 'list'>,
  about: Pick<Stop, 'describe' | 'failed' | 'exits' | 'drained'>,
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

  function end(): void {
    remove?.();
    remove = undefined;
    if (!stop.over) servers.guard.end();
  }

  return {
    begin: (signal) => {
      stop.signal = signal ?? stop.signal;
      if (remove !== undefined || (stop.over && signal === undefined)) return;
      remove = addStop(stop);
      // A signal after `shutdown()`: what listeners of the program begin is waited for as in a stop.
      if (stop.over) setImmediate(end);
      else servers.guard.begin(servers.list(), stop.note);
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
    end,
  };
}
