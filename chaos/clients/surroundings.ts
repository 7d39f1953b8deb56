import type { Random } from '../../test/helpers/random.ts';
import type { ClientGroup } from '../scenario.ts';
import type { Ledger } from './attempt.ts';

export type Where = { readonly port: number; readonly host: string } | { readonly path: string };

/** What a client works with. */
export interface Surroundings {
  readonly where: Where;
  readonly secure: boolean;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly group: ClientGroup;
  /** Whether clients are to begin nothing more. */
  readonly over: () => boolean;
  /** Every open connection, to be destroyed at the end. */
  readonly all: Set<{ readonly destroy: () => unknown }>;
}
