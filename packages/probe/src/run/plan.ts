import type { Scenario } from '../scenarios/scenario.ts';
import type { ProbeSettings } from './settings.ts';
import type { Survey } from './survey.ts';

/** How often the server is stopped, and about how long that takes, in milliseconds. */
export interface Plan {
  readonly stops: number;
  readonly time: number;
  /** The same with `--together`, where that would be shorter. */
  readonly together: { readonly stops: number; readonly time: number } | undefined;
}

/** A usual stop: idle connections are closed after a second, and clients try again for a moment. */
const USUAL_STOP_MS = 1_300;

/** Groups of scenarios that share a stop. */
export function groupScenarios(
  { scenarios, together, command }: ProbeSettings,
  survey: Survey,
): Scenario[][] {
  const applicable = scenarios.filter((scenario) => 'load' in (survey.checks.get(scenario) ?? {}));
  if (!together && command.length > 0) return applicable.map((scenario) => [scenario]);
  const apart = applicable.filter((scenario) => 'stage' in scenario).map((scenario) => [scenario]);
  const shared = applicable.filter((scenario) => !('stage' in scenario));
  return shared.length === 0 ? apart : [shared, ...apart];
}

/** `startTime`: what a start took, in milliseconds. */
export function planStops(settings: ProbeSettings, survey: Survey, startTime: number): Plan {
  const { command, rounds, after } = settings;
  const stops = groupScenarios(settings, survey).length * (command.length > 0 ? rounds : 1);
  const fewer = groupScenarios({ ...settings, together: true }, survey).length * rounds;
  const time = (count: number): number => count * (startTime + after + USUAL_STOP_MS);
  return {
    stops,
    time: time(stops),
    together: fewer < stops ? { stops: fewer, time: time(fewer) } : undefined,
  };
}
