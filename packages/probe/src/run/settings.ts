import type { LoadOptions } from '../clients/load-options.ts';
import type { Scenario, StageSettings } from '../scenarios/scenario.ts';

/** What is probed, and how. All times are in milliseconds. */
export interface ProbeSettings {
  /** Program and arguments of a server to be started; empty if the server already runs. */
  readonly command: readonly string[];
  /** Process id of a server that already runs, where it is known. Such a server is stopped once, with all scenarios. */
  readonly pid: number | undefined;
  /** Where the server listens; found out if not given. */
  readonly url: string | undefined;
  readonly signal: NodeJS.Signals;
  readonly group: boolean;
  /** A shell command that stops the server instead of the signal. */
  readonly stopCommand: string | undefined;
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

/** What is probed, in words. */
export function serverName({ command, pid, url }: Pick<ProbeSettings, 'command' | 'pid' | 'url'>): string {
  if (command.length > 0) return command.join(' ');
  return pid === undefined ? `the server at ${url}` : `process ${pid} at ${url}`;
}
