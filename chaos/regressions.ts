import type { Scenario } from './scenario.ts';

/** A scenario that found a fault, with no more in it than it needs: `npm run chaos -- --regressions` runs them all. */
export interface Regression {
  /** What was wrong. */
  readonly found: string;
  readonly scenario: Scenario;
}

const quick = {
  timeout: 5_000,
  cleanupTimeout: 600,
  keepAliveGrace: 200,
  handshakeTimeout: 300,
  secondSignalDelay: 1_000,
  shutdownDelay: 0,
} as const;

const usual = {
  seed: 1,
  address: 'tcp',
  way: 'attach',
  protocol: 'http',
  workers: 2,
  options: quick,
  seal: 'auto',
  behaviour: 'none',
  hooks: [],
  faults: [],
  stop: { signal: 'SIGTERM', to: 'process', after: 400 },
} as const;

const alone = { ...usual, model: 'single', workers: 0 } as const;

const fresh = { kind: 'fresh', count: 4, think: 20 } as const;

export const regressions: readonly Regression[] = [
  {
    found:
      'cluster.disconnect() of a primary that is not ours waited for event streams and WebSockets for ever',
    scenario: {
      ...usual,
      model: 'foreign',
      clients: [fresh, { kind: 'events', count: 2, think: 20 }, { kind: 'websocket', count: 2, think: 20 }],
    },
  },
  {
    found: 'cluster.disconnect() of a primary that is not ours reset requests on kept connections',
    scenario: {
      ...usual,
      model: 'foreign',
      clients: [fresh, { kind: 'kept', count: 8, think: 5 }],
      stop: { signal: 'SIGINT', to: 'group', after: 400 },
    },
  },
  {
    found:
      'pipelined requests from within the grace were dropped behind the first, where the event loop was busy',
    scenario: {
      ...alone,
      options: { ...quick, keepAliveGrace: 400 },
      clients: [fresh, { kind: 'pipelined', count: 12, think: 600 }],
      faults: [{ at: 60, target: 0, kind: 'freeze', ms: 500 }],
    },
  },
  {
    found:
      'a signal that came twice at once forced the exit, where the event loop was busy for secondSignalDelay',
    scenario: {
      ...alone,
      options: { ...quick, secondSignalDelay: 400 },
      clients: [fresh, { kind: 'slow', count: 4, think: 20 }],
      faults: [{ at: 10, target: 0, kind: 'block', ms: 700 }],
      stop: { signal: 'SIGTERM', to: 'process', after: 400, again: 100 },
    },
  },
  {
    found:
      "an error in the program's own cleanup after the report ended the process with 7, not with Node's 1",
    scenario: {
      ...alone,
      behaviour: 'own exit code',
      clients: [fresh],
      faults: [{ at: 900, target: 0, kind: 'reject' }],
    },
  },
  {
    found:
      'none: a second signal was taken to force, that came too soon after the first was read (seed 200000)',
    scenario: {
      ...alone,
      clients: [fresh, { kind: 'slow', count: 4, think: 20 }],
      faults: [{ at: -100, target: 0, kind: 'freeze', ms: 600 }],
      stop: { signal: 'SIGTERM', to: 'process', after: 400, again: 1_250 },
    },
  },
  {
    found: "a close callback's process.exit(0), right behind the report, hid that the stop was not clean",
    scenario: {
      ...alone,
      behaviour: 'exit in the close callback',
      clients: [fresh, { kind: 'stalled', count: 2, think: 200 }],
    },
  },
  {
    found:
      'workers were not told that their primary had died in the drain, and Node 26 threw at their next message',
    scenario: {
      ...usual,
      model: 'round-robin',
      way: 'two copies',
      workers: 3,
      options: { ...quick, secondSignalDelay: 400 },
      clients: [{ kind: 'events', count: 2, think: 400 }],
      stop: { signal: 'SIGINT', to: 'process', after: 400, again: 610 },
    },
  },
];
