import { advise } from '../verdict/advice.ts';
import { runGroup, serverOptions, startProbed, type GroupEvents } from './group.ts';
import type { Round } from '../stop/round.ts';
import type { Check, Scenario } from '../scenarios/scenario.ts';
import type { ProbeSettings } from './settings.ts';
import { lookAt, type Survey } from './survey.ts';
import { checkLoopback, formatTarget, parseTarget, type Target } from '../network/target.ts';
import { judge, type Verdict } from '../verdict/verdict.ts';
import { within } from '../measure/within.ts';

export interface ScenarioResult extends Verdict {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** What to fix, one paragraph each. */
  readonly advice: readonly string[];
  readonly rounds: readonly Round[];
}

/** Called while a probe is at work. */
export interface ProbeEvents extends GroupEvents {
  surveying(): void;
  surveyed(url: string): void;
  ended(result: ScenarioResult): void;
}

/** Time that the server of the survey gets to stop; how it stops is not measured. */
const SURVEY_EXIT_MS = 1_500;

/** Runs all scenarios. @throws ERR_PROBE_START_FAILED, ERR_PROBE_UNHEALTHY and the other codes of `errors.ts` */
export async function probe(settings: ProbeSettings, events: ProbeEvents): Promise<ScenarioResult[]> {
  const given = settings.url === undefined ? undefined : parseTarget(settings.url);
  if (given) checkLoopback(given);
  events.surveying();
  const survey = await surveyServer(settings, given);
  events.surveyed(formatTarget(survey.target));

  const results = new Map<Scenario, ScenarioResult>();
  const add = (scenario: Scenario, verdict: Verdict, rounds: readonly Round[]): void => {
    const { name, title, description } = scenario;
    const result = { name, title, description, ...verdict, advice: advise(scenario, rounds), rounds };
    results.set(scenario, result);
    events.ended(result);
  };

  for (const [scenario, found] of survey.checks) {
    if ('missing' in found) add(scenario, notApplicable(found), []);
  }
  for (const group of groupScenarios(settings, survey)) {
    const rounds = await runGroup(settings, survey, group, given, events);
    group.forEach((scenario, index) => {
      const its = rounds.map((round) => round[index] as Round);
      add(scenario, judge(scenario, its), its);
    });
  }
  return settings.scenarios.flatMap((scenario) => results.get(scenario) ?? []);
}

function notApplicable({ missing }: Extract<Check, { missing: string }>): Verdict {
  return { status: 'not-applicable', reasons: [missing], notes: [] };
}

/** Groups of scenarios that share a stop. */
function groupScenarios({ scenarios, together, pid }: ProbeSettings, { checks }: Survey): Scenario[][] {
  const applicable = scenarios.filter((scenario) => 'load' in (checks.get(scenario) ?? {}));
  if (!together && pid === undefined) return applicable.map((scenario) => [scenario]);
  const apart = applicable.filter((scenario) => 'stage' in scenario).map((scenario) => [scenario]);
  const shared = applicable.filter((scenario) => !('stage' in scenario));
  return shared.length === 0 ? apart : [shared, ...apart];
}

/** Looks at a server that is started for this alone, unless it already runs. */
async function surveyServer(settings: ProbeSettings, given: Target | undefined): Promise<Survey> {
  const { pid, scenarios, load, signal, group, stage } = settings;
  const server = await startProbed(settings, given);
  try {
    const started = pid === undefined ? { server, options: serverOptions(settings, given) } : undefined;
    return await lookAt({ ...server.target, ...given }, { started, stage }, scenarios, load);
  } finally {
    if (pid === undefined && !server.exit) {
      server.signal(signal, group);
      await within(server.exited, SURVEY_EXIT_MS);
    }
    await server.destroy();
  }
}
