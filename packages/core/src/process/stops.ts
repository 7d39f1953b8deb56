import type { Interference } from '../api/report.ts';
import { shared } from './registry.ts';

/**
 * The stop of one coordinator, from the signal to the report, as the rest of the process sees it. Copies of this
 * package read each other's, so it is plain data and few functions.
 */
export interface Stop {
  /** The signal that began it, or the last one that joined it; undefined for `shutdown()`. */
  signal: NodeJS.Signals | undefined;
  /** Whether no client can be lost any more by what the program does to its servers. */
  calm: boolean;
  /** Whether its report is complete: nothing is left that an exit would cut. */
  over: boolean;
  /** Whether the process exits at its end. A copy of an earlier version does not say. */
  readonly exits?: boolean;
  /** What is being served, in a few words: `GET /export, 4.2 s`. */
  readonly describe: () => string;
  /** Resolves when the connections of its own servers have ended. A copy of an earlier version does not say. */
  readonly drained?: () => Promise<unknown>;
  /** Puts into the report what the program did meanwhile. */
  readonly note: (what: string, outcome: InterferenceOutcome) => void;
  /** Puts an error into the report that nothing caught. */
  readonly failed: (error: unknown) => void;
}

export type InterferenceOutcome = Interference['outcome'];

const stops = shared<Set<Stop>>('stops', Set);

/** Called when a stop began, became calm, was over, or ended. */
const watchers = shared<Set<() => void>>('stop watchers', Set);

/** Counts a stop until the returned function is called. The process does not exit meanwhile. */
export function addStop(stop: Stop): () => void {
  stops.add(stop);
  stopsChanged();
  return () => {
    stops.delete(stop);
    stopsChanged();
  };
}

export function stopsChanged(): void {
  for (const watcher of watchers) watcher();
}

/** Returns a function that stops watching. */
export function watchStops(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => {
    watchers.delete(watcher);
  };
}

export function runningStops(): readonly Stop[] {
  return [...stops];
}

/** Stops that an exit would cut. */
export function unfinishedStops(): readonly Stop[] {
  return runningStops().filter(({ over }) => !over);
}
