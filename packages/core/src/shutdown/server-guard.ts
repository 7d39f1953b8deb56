import type { Server } from 'node:net';
import type { InterferenceOutcome } from '../process/stops.ts';
import { notice } from '../process/notice.ts';
import { attempt } from './containment.ts';
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
    const note = interfered;
    const guarded = attempt(sayUnguarded, () => postponeClose(server, note), undefined);
    if (guarded !== undefined) postponed.set(server, guarded);
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

/** A method may be read-only. */
function sayUnguarded(error: unknown): void {
  notice(`a close by the program will cut what its server holds: ${String(error)}`);
}
