import type { Listener } from '../seal-target.ts';

/**
 * How a listener was taken off the network before it was closed:
 * - `detach`: bound to an interface that does not exist; new clients are refused at once, nobody is reset
 * - `filter`: a BPF filter drops new SYNs; nobody is reset, a new client is refused at its SYN retry, 1 s later
 * - `backlog`: accept queue shrunk to one place and filled by a connection of our own; only handshakes over a real
 *   network are reset
 * - `unlink`: path of a Unix socket removed first; nobody is reset
 * - `none`: closed after three turns of the event loop without a new connection
 */
export type Seal = 'detach' | 'filter' | 'backlog' | 'unlink' | 'none';

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
