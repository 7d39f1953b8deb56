import type { Server } from 'node:net';
import type { InterferenceOutcome } from '../process/stops.ts';
import { notice } from '../process/notice.ts';
import { postponeClose, type PostponedClose } from './postponed-close.ts';

type Interfered = (what: string, outcome: InterferenceOutcome) => void;

/** Keeps the program from ending a server while a shutdown drains it. */
export interface ServerGuard {
  /** Guards these servers: what the program calls to end one is noted, and waits. */
  readonly begin: (servers: Iterable<Server>, interfered: Interfered) => void;
  /** Guards a server that was attached meanwhile. */
  readonly add: (server: Server) => void;
  /** Calls back to the program that its servers are closed: the drain is over. */
  readonly answer: () => void;
  readonly remove: (server: Server) => void;
  readonly end: () => void;
}

export function createServerGuard(): ServerGuard {
  const postponed = new Map<Server, PostponedClose>();
  let interfered: Interfered | undefined;

  function add(server: Server): void {
    if (interfered === undefined || postponed.has(server)) return;
    postponed.set(server, postponeClose(server, interfered, sayUnguarded));
  }

  return {
    begin: (servers, note) => {
      interfered = note;
      for (const server of servers) add(server);
    },
    add,
    answer: () => {
      for (const each of postponed.values()) each.answer();
    },
    remove: (server) => {
      postponed.get(server)?.undo();
      postponed.delete(server);
    },
    end: () => {
      interfered = undefined;
      for (const each of postponed.values()) each.undo();
      postponed.clear();
    },
  };
}

/** Says that a method of a server cannot be replaced, such as one that is read-only. */
function sayUnguarded(error: unknown): void {
  notice(`what the program ends by this method is cut: ${String(error)}`);
}
