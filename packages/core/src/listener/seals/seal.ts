import type { Seal } from '../../api/report.ts';
import type { Listener } from '../seal-target.ts';

export interface SealMethod {
  readonly seal: Seal;
  /** Takes the listener off the network, synchronously. Returns why it could not, or undefined. */
  readonly apply: (listener: Listener) => string | undefined;
  /**
   * Waits for what the kernel has promised to clients, then calls `close`, once, in the turn that saw nothing left.
   * `ours` is how many connections of our own are in the queue then.
   */
  readonly finish: (listener: Listener, close: (ours?: number) => void) => Promise<void>;
}
