// The protocol of core's cluster/protocol.ts as a state machine: a primary under round robin, its workers, what is on
// its way between them, and connections. Every step that may come next is a transition of its own, faults included.
import type { PrimaryMessage, WorkerMessage } from '../helpers/internals.ts';

/** Node's own messages: a connection, and whether the worker took it; the ends of a process and of a channel. */
type Down = PrimaryMessage['type'] | 'newconn' | 'disconnect';
type Up = WorkerMessage['type'] | 'accepted' | 'declined' | 'exit';

interface Message<Type> {
  readonly type: Type;
  readonly connection?: number;
  readonly taken?: boolean;
}

export interface Connection {
  /** `queue`: with the primary. `sent`: on its way to a worker. `giving`: on its way back. */
  where: 'client' | 'queue' | 'sent' | 'held' | 'giving' | 'answered' | 'refused' | 'lost';
  worker: number;
  /** Of a lost one: whose end took it along. */
  blame: '' | 'its worker died' | 'the primary died' | 'no worker was left';
}

export interface State {
  primary: 'serving' | 'stopping' | 'draining' | 'gone';
  /** Whether the one reload has been ordered. */
  reloaded: boolean;
  faults: number;
  readonly workers: { life: 'serving' | 'draining' | 'gone'; handBack: boolean; noticed: boolean }[];
  readonly down: Message<Down>[][];
  readonly up: Message<Up>[][];
  readonly connections: Connection[];
}

export interface Model {
  readonly workers: number;
  readonly connections: number;
  readonly faults: number;
  /** Whether the primary lets workers drain only when every accepted connection was taken. */
  readonly waitsForHandOvers: boolean;
  /** Whether the primary deals again what a dead worker had not taken. */
  readonly recovers: boolean;
}

export function firstState({ workers, connections, faults }: Model): State {
  const each = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
  return {
    primary: 'serving',
    reloaded: false,
    faults,
    workers: each(workers, () => ({ life: 'serving', handBack: false, noticed: false })),
    down: each(workers, () => []),
    up: each(workers, () => []),
    connections: each(connections, () => ({ where: 'client', worker: -1, blame: '' })),
  };
}

export const isOver = ({ primary, workers, connections }: State): boolean =>
  primary === 'gone' &&
  workers.every(({ life }) => life === 'gone') &&
  connections.every(({ where }) => ['answered', 'refused', 'lost'].includes(where));

/** All states that may come next. */
export function nextStates(model: Model, state: State): State[] {
  const next: State[] = [];
  const step = (change: (copy: State) => void): void => {
    const copy = structuredClone(state);
    change(copy);
    next.push(copy);
  };
  for (const index of state.connections.keys()) ofConnection(state, index, step);
  for (const index of state.workers.keys()) ofWorker(model, state, index, step);
  ofPrimary(model, state, step);
  return next;
}

type Step = (change: (copy: State) => void) => void;

const lose = (connection: Connection, blame: Connection['blame']): void => {
  Object.assign(connection, { where: 'lost', blame });
};

const alive = ({ workers }: State): number[] =>
  [...workers.keys()].filter((index) => workers[index]?.life !== 'gone');

function ofConnection(state: State, index: number, step: Step): void {
  const { where, worker } = state.connections[index] as Connection;
  const change = (how: (connection: Connection, copy: State) => void): void =>
    step((copy) => how(copy.connections[index] as Connection, copy));
  if (where === 'client') change((it) => (it.where = state.primary === 'serving' ? 'queue' : 'refused'));
  if (where === 'held') {
    change((it) => (it.where = 'answered'));
    if (state.workers[worker]?.handBack === true) {
      change((it, copy) => {
        it.where = 'giving';
        copy.up[worker]?.push({ type: 'give', connection: index });
      });
    }
  }
  if (where !== 'queue' || state.primary === 'gone') return;
  // The scheduler sends to a worker that has answered, and that it has not heard the end of.
  const waiting = new Set(
    state.connections.filter((each) => each.where === 'sent').map((each) => each.worker),
  );
  const free = [...state.workers.keys()].filter(
    (each) => !state.workers[each]?.noticed && !waiting.has(each),
  );
  for (const each of free) {
    change((it, copy) => {
      Object.assign(it, { where: 'sent', worker: each });
      if (copy.workers[each]?.life !== 'gone') copy.down[each]?.push({ type: 'newconn', connection: index });
    });
  }
  if (state.workers.every(({ noticed }) => noticed)) change((it) => lose(it, 'no worker was left'));
}

function ofWorker(model: Model, state: State, index: number, step: Step): void {
  const worker = state.workers[index];
  const [up] = state.up[index] ?? [];
  if (up !== undefined && state.primary !== 'gone') {
    step((copy) => {
      copy.up[index]?.shift();
      hearUp(model, copy, index, up);
    });
  }
  if (worker === undefined || worker.life === 'gone') return;
  const [down] = state.down[index] ?? [];
  if (down !== undefined) {
    step((copy) => {
      copy.down[index]?.shift();
      hearDown(copy, index, down);
    });
  }
  const busy = state.connections.some(
    (each) => each.worker === index && ['held', 'giving'].includes(each.where),
  );
  if (worker.life === 'draining' && !busy) {
    step((copy) => {
      copy.up[index]?.push({ type: 'cleanup' }, { type: 'report' });
      end(copy, index);
    });
  }
  if (state.faults === 0) return;
  step((copy) => {
    copy.faults -= 1;
    for (const each of copy.connections) {
      if (each.worker === index && each.where === 'held') lose(each, 'its worker died');
    }
    end(copy, index);
  });
}

/** What it had not read is lost; what it had written is not. */
function end(copy: State, index: number): void {
  const worker = copy.workers[index];
  if (worker === undefined) return;
  worker.life = 'gone';
  copy.down[index]?.splice(0);
  for (const each of copy.connections) {
    if (copy.primary === 'gone' && each.worker === index && each.where === 'giving')
      lose(each, 'the primary died');
  }
  copy.up[index]?.push({ type: 'exit' });
  if (copy.primary === 'gone') loseWithPrimary(copy);
}

function hearUp(model: Model, copy: State, index: number, message: Message<Up>): void {
  const connection = copy.connections[message.connection ?? -1];
  if (message.type === 'declined' && connection !== undefined) connection.where = 'queue';
  if (message.type === 'give' && connection !== undefined) {
    const taken = copy.primary === 'serving';
    const gone = copy.workers[index]?.life === 'gone';
    if (taken) connection.where = 'queue';
    else if (gone) lose(connection, 'its worker died');
    if (!gone) copy.down[index]?.push({ type: 'given', connection: message.connection ?? -1, taken });
  }
  if (message.type !== 'exit') return;
  const worker = copy.workers[index];
  if (worker !== undefined) worker.noticed = true;
  for (const each of copy.connections) {
    if (each.worker !== index || each.where !== 'sent') continue;
    if (model.recovers) each.where = 'queue';
    else lose(each, 'no worker was left');
  }
}

function hearDown(copy: State, index: number, message: Message<Down>): void {
  const worker = copy.workers[index];
  const connection = copy.connections[message.connection ?? -1];
  if (worker === undefined) return;
  if (message.type === 'newconn' && connection !== undefined) {
    const takes = worker.life === 'serving';
    if (takes) connection.where = 'held';
    else if (copy.primary === 'gone') lose(connection, 'the primary died');
    copy.up[index]?.push({ type: takes ? 'accepted' : 'declined', connection: message.connection ?? -1 });
  }
  if (message.type === 'given' && message.taken === false && connection !== undefined)
    connection.where = 'held';
  // With `handBack` where the primary goes on, as at a reload.
  if (message.type === 'drain') Object.assign(worker, { life: 'draining', handBack: message.taken === true });
  if (message.type === 'disconnect') {
    Object.assign(worker, { life: 'draining', handBack: false });
    // The primary may have dealt it before it died.
    for (const each of copy.connections) {
      if (each.worker === index && each.where === 'giving') lose(each, 'the primary died');
    }
  }
}

function ofPrimary(model: Model, state: State, step: Step): void {
  if (state.primary === 'gone') return;
  const send = (copy: State, message: Message<Down>): void => {
    for (const index of alive(copy)) copy.down[index]?.push(message);
  };
  if (state.primary === 'serving') {
    step((copy) => {
      copy.primary = 'stopping';
      send(copy, { type: 'announce' });
    });
    if (!state.reloaded && alive(state).length > 1 && state.workers[0]?.life === 'serving') {
      step((copy) => {
        copy.reloaded = true;
        copy.down[0]?.push({ type: 'drain', taken: true });
      });
    }
  }
  const open = state.connections.some(({ where }) => where === 'queue' || where === 'sent');
  if (state.primary === 'stopping' && !(open && model.waitsForHandOvers)) {
    step((copy) => {
      copy.primary = 'draining';
      send(copy, { type: 'drain' });
    });
  }
  const left = state.connections.some(({ where }) => where === 'queue');
  if (state.primary === 'draining' && !left && state.workers.every(({ noticed }) => noticed)) {
    step((copy) => {
      copy.primary = 'gone';
      loseWithPrimary(copy);
    });
  }
  if (state.faults === 0) return;
  step((copy) => {
    copy.faults -= 1;
    copy.primary = 'gone';
    loseWithPrimary(copy);
    send(copy, { type: 'disconnect' });
  });
}

/** What it holds, and what is on its way to it or to a worker that is gone. */
function loseWithPrimary(copy: State): void {
  for (const each of copy.connections) {
    const toNobody = each.where === 'sent' && copy.workers[each.worker]?.life === 'gone';
    if (each.where === 'queue' || each.where === 'giving' || toNobody) lose(each, 'the primary died');
  }
}
