import type { Seal } from '../../api/report.ts';
import type { SealTarget } from '../seal-target.ts';

export interface SealMethod {
  readonly seal: Seal;
  /** Takes the listener off the network at once (`backlog`, `none`: in `finish`). Returns why it could not. */
  readonly apply: (target: SealTarget) => string | undefined;
  /**
   * Waits for what the kernel has promised to clients, then calls `close`, once, in the turn that saw nothing left.
   * `ours` is how many connections of our own are in the queue then, `empty` whether it is known to hold no other.
   *
   * @param handshakes - in progress just after `apply`; null where they were not counted
   */
  readonly finish: (
    target: SealTarget,
    close: (ours?: number, empty?: boolean) => void,
    handshakes: number | null,
  ) => Promise<void>;
}
