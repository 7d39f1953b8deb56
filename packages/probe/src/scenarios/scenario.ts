import type { Kind } from '../attempt.ts';
import type { ClientKind } from '../clients/client.ts';
import type { LoadSettings, LoadOptions } from '../load-options.ts';
import type { Target } from '../target.ts';

/** One kind of client, and what a server must have for it. `scenarios/all.ts` lists them. */
export interface Scenario {
  /** On the command line. */
  readonly name: string;
  readonly title: string;
  /** What the clients do, and what counts as an answer to them. */
  readonly description: string;
  /** Whose fate it is about. */
  readonly kind: Kind;
  readonly clients: readonly ClientKind[];
  /** Whether clients wait for the server to act, as long as it takes. */
  readonly patient: boolean;
  /** Whether one of the clients has to be in flight at the signal. */
  readonly inFlight: boolean;
  /** Looks at a running server. Never rejects. */
  check(target: Target, settings: LoadSettings): Promise<Check>;
}

/** What to set for the load, or what is missing. */
export type Check = { readonly load: LoadOptions } | { readonly missing: string };

export const applicable: Check = { load: {} };
