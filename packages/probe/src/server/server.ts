import type { Target } from '../network/target.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server to be stopped. */
export interface Server {
  readonly target: Target;
  /** Undefined for a server of which only the address is known. */
  readonly pid: number | undefined;
  /** Value of PORT that the server got; undefined if it was not started here. */
  readonly port: number | undefined;
  /** Whether other machines can reach the server; undefined where that is not known. */
  readonly listensOnAll: boolean | undefined;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
  /** How the process ended and when, in milliseconds since 1970. Undefined while it runs. */
  readonly exit: (Exit & { readonly at: number }) | undefined;
  /** The last 4,000 characters that the server wrote. */
  readonly stdout: string;
  readonly stderr: string;
  /** Whether the process is gone and others that it started are not. */
  readonly leftBehind: boolean;
  /** Sends a signal to the process, or to its whole group. */
  signal(name: NodeJS.Signals, group: boolean): void;
  /** Kills what is left of the process group, if it was started here. */
  destroy(): Promise<void>;
}

/** "code 1" or "killed by SIGSEGV". */
export function describeExit({ code, signal }: Exit): string {
  if (signal) return `killed by ${signal}`;
  return code === null ? 'gone' : `code ${code}`;
}
