import type { LoadOptions } from '../clients/load-options.ts';
import type { Scenario, StageSettings } from '../scenarios/scenario.ts';

/** What is probed, and how. All times are in milliseconds. */
export interface ProbeSettings {
  /** Program and arguments of a server to be started; empty if one already runs. */
  readonly command: readonly string[];
  /** Process id of a server that already runs. It is stopped once, with all scenarios at the same time. */
  readonly pid: number | undefined;
  /** Where the server listens; found out if not given. */
  readonly url: string | undefined;
  readonly signal: NodeJS.Signals;
  readonly group: boolean;
  /** Time under load before the signal. */
  readonly after: number;
  readonly startTimeout: number;
  readonly exitTimeout: number;
  readonly rounds: number;
  readonly load: LoadOptions;
  readonly scenarios: readonly Scenario[];
  /** All scenarios at the same time, in one stop per round. */
  readonly together: boolean;
  readonly stage: StageSettings;
}
