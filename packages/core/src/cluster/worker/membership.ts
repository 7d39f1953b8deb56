import type { CoordinatorCore } from '../../shutdown/coordinator.ts';
import type { Surroundings } from '../../shutdown/role.ts';

/** How a process takes part in a shutdown that another one decides on. */
export interface Membership {
  readonly surroundings: Surroundings;
  /** Joins the primary's shutdown, if the primary supervises; begins one of its own when the primary is gone. */
  readonly join: (core: CoordinatorCore) => void;
}
