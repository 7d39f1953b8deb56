import { clearTimeout, setTimeout } from '../../clock.ts';
import type { Member } from './member.ts';

/**
 * How long after the last copy of a signal that reached a worker the primary's own copy may still come, in
 * milliseconds, if the signal was one to the whole process group. The kernel delivers the copies together; a program
 * that sends them one by one, and a busy machine, take their time.
 */
const OWN_COPY_MS = 250;

/** Distinguishes a signal that reached one worker alone from a copy of one to the whole process group. */
export interface LoneSignals {
  /** A signal reached the worker. */
  readonly reached: (member: Member, signal: NodeJS.Signals) => void;
  readonly stop: () => void;
}

export interface LoneSignalHandlers {
  /** Whether a shutdown of the whole cluster began: all workers are told to leave by then. */
  readonly stopping: () => boolean;
  /** The first signal that reached this worker alone. */
  readonly leave: (member: Member, signal: NodeJS.Signals) => void;
  /** A later one, which the worker passes on once `secondSignalDelay` is over. */
  readonly force: (member: Member) => void;
}

export function watchLoneSignals({ stopping, leave, force }: LoneSignalHandlers): LoneSignals {
  const waiting = new Map<Member, NodeJS.Signals>();
  const told = new WeakSet<Member>();
  let timer: NodeJS.Timeout | undefined;

  function decide(): void {
    const members = [...waiting];
    waiting.clear();
    for (const [member, signal] of members) {
      if (stopping() || member.gone()) continue;
      if (told.has(member)) force(member);
      else leave(member, signal);
      told.add(member);
    }
  }

  return {
    reached: (member, signal) => {
      waiting.set(member, signal);
      clearTimeout(timer);
      timer = setTimeout(decide, OWN_COPY_MS);
    },
    stop: () => {
      clearTimeout(timer);
      waiting.clear();
    },
  };
}
