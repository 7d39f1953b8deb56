import type { ConnectionCounts, ShutdownReport, State, WorkerReport } from './report.ts';

/** Where a drain stands; given once a second while it lasts. */
export interface Progress extends ConnectionCounts {
  readonly state: State;
  /** Milliseconds until connections are cut. */
  readonly left: number;
  /** What is waited for, at most ten, of each server the oldest request first: `GET /export, 4.2 s`. */
  readonly waiting: readonly string[];
}

/**
 * Events of a coordinator. Each is also published on `diagnostics_channel` as `graceful-cluster:shutdown:<event>`,
 * for every coordinator of the process.
 */
export interface CoordinatorEvents {
  /** The state machine moved. */
  readonly state: { readonly state: State; readonly previous: State };
  /** The listeners are off the network: endless streams and raw sockets should end now. */
  readonly closing: { readonly reason: string };
  readonly progress: Progress;
  /** The report is complete; the process exits next, if a signal began this. */
  readonly stopped: ShutdownReport;
  /** Supervisors only: a worker has left while the cluster goes on, by a reload or by a signal to it alone. */
  readonly retired: Retired;
}

export interface Retired {
  /** `reload`, or the name of the signal. */
  readonly reason: string;
  readonly worker: WorkerReport;
}

export type EventListener<Event extends keyof CoordinatorEvents> = (
  details: CoordinatorEvents[Event],
) => void;

/** Listens to an event. Returns a function that takes the listener off again. */
export type OnEvent = <Event extends keyof CoordinatorEvents>(
  event: Event,
  listener: EventListener<Event>,
) => () => void;
