/**
 * One stop of one program under one load, with what goes wrong meanwhile. Plain data: a failing one is printed whole.
 */
export interface Scenario {
  readonly seed: number;
  readonly model: Model;
  readonly address: Address;
  readonly way: Way;
  readonly protocol: Protocol;
  /** Of a cluster; 0 for a single process. */
  readonly workers: number;
  readonly options: Timing;
  /** Anything but `auto` goes into `GRACEFUL_CLUSTER_SEAL` or the option; `off` means no addon at all. */
  readonly seal: 'auto' | 'filter' | 'backlog' | 'none' | 'off';
  readonly behaviour: string;
  /** In the order in which the program adds them. */
  readonly hooks: readonly HookKind[];
  readonly clients: readonly ClientGroup[];
  readonly faults: readonly Fault[];
  readonly stop: Stop;
}

export type Model = 'single' | 'round-robin' | 'shared' | 'reuse-port' | 'foreign';
export type Address = 'tcp' | 'unix' | 'inherited';
export type Way = 'attach' | 'late' | 'express' | 'fastify' | 'register' | 'two copies';
export type Protocol = 'http' | 'https' | 'h2c' | 'h2';
export type HookKind = 'fast' | 'slow' | 'failing' | 'hanging' | 'dependent';

/** All in milliseconds. */
export interface Timing {
  readonly timeout: number;
  readonly cleanupTimeout: number;
  readonly keepAliveGrace: number;
  readonly handshakeTimeout: number;
  readonly secondSignalDelay: number;
  readonly shutdownDelay: number;
}

/** Clients of one kind: see `clients/all.ts`. */
export interface ClientGroup {
  readonly kind: ClientKind;
  readonly count: number;
  /** Longest pause between an answer and the next request, in milliseconds. */
  readonly think: number;
}

export const polite = ['fresh', 'kept', 'slow', 'pipelined', 'upload', 'events', 'websocket', 'h2'] as const;
/** Clients that are owed nothing: only what they do to the others counts. */
export const hostile = ['vanishing', 'stalled', 'garbage', 'flooding', 'half head', 'silent'] as const;
export type ClientKind = (typeof polite)[number] | (typeof hostile)[number];

export type Fault = {
  /** Milliseconds after the stop signal; negative before. */
  readonly at: number;
  /** Which worker, counted from 0 in the order of their start; of a single process it is the process. */
  readonly target: number;
} & (
  | {
      readonly kind:
        | 'kill'
        | 'exit'
        | 'crash'
        | 'clock'
        | 'lone signal'
        | 'kill primary'
        | 'reload'
        | 'reject';
    }
  /** The process stands still, or its event loop is busy, or it has no descriptor left, for so many milliseconds. */
  | { readonly kind: 'freeze' | 'block' | 'block primary' | 'emfile'; readonly ms: number }
);

export interface Stop {
  readonly signal: 'SIGTERM' | 'SIGINT';
  readonly to: 'process' | 'group';
  /** Milliseconds from the first listener to the signal; negative: so long after the start, listening or not. */
  readonly after: number;
  /** Milliseconds until the same signal is sent again, if it is. */
  readonly again?: number;
}

/** Whether the program is a primary with workers: only a single process can be compared request by request. */
export const isCluster = ({ model }: Pick<Scenario, 'model'>): boolean => model !== 'single';
