import { now } from '../measure/attempt.ts';
import { within } from '../measure/within.ts';
import { checkLoopback, formatTarget, parseTarget, type Target } from '../network/target.ts';
import type { Check, Scenario } from '../scenarios/scenario.ts';
import { findRuntime, type Runtime } from '../server/runtime.ts';
import { stoppedBy } from '../server/stop-command.ts';
import type { Round } from '../stop/round.ts';
import { advise } from '../verdict/advice.ts';
import { judge, type Verdict } from '../verdict/verdict.ts';
import { runGroup, serverOptions, startProbed, type GroupEvents } from './group.ts';
import { groupScenarios, planStops, type Plan } from './plan.ts';
import type { ProbeSettings } from './settings.ts';
import { lookAt, type Survey } from './survey.ts';

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
  surveyed(found: Found): void;
  ended(result: ScenarioResult): void;
}

/** What is known of the server before it is stopped. */
export interface Found {
  readonly url: string;
  readonly runtime: Runtime;
  readonly plan: Plan;
}

/** Time that the server of the survey gets to stop; how it stops is not measured. */
const SURVEY_EXIT_MS = 1_500;

/** Runs all scenarios. @throws ERR_PROBE_START_FAILED, ERR_PROBE_UNHEALTHY and the other codes of `errors.ts` */
export async function probe(settings: ProbeSettings, events: ProbeEvents): Promise<ScenarioResult[]> {
  const given = settings.url === undefined ? undefined : parseTarget(settings.url);
  if (given) checkLoopback(given);
  events.surveying();
  const { survey, runtime, startTime } = await surveyServer(settings, given);
  const groups = groupScenarios(settings, survey);
  const plan = planStops(settings, survey, startTime);
  events.surveyed({ url: formatTarget(survey.target), runtime, plan });

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
  for (const group of groups) {
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

/** Looks at a server that is started for this alone, unless it already runs. */
async function surveyServer(
  settings: ProbeSettings,
  given: Target | undefined,
): Promise<{ survey: Survey; runtime: Runtime; startTime: number }> {
  const { command, scenarios, load, signal, group, stage, stopCommand, exitTimeout } = settings;
  const starts = command.length > 0;
  const startedAt = now();
  const probed = await startProbed(settings, given);
  const startTime = now() - startedAt;
  const server = stopCommand === undefined ? probed : stoppedBy(stopCommand, probed);
  try {
    const started = starts ? { server, options: serverOptions(settings, given) } : undefined;
    const survey = await lookAt({ ...server.target, ...given }, { started, stage }, scenarios, load);
    return { survey, runtime: findRuntime(command, server.pid), startTime };
  } finally {
    if (starts && !server.exit) {
      server.signal(signal, group);
      // A command that is cut short may leave what it was to stop: a container.
      const limit = stopCommand === undefined ? SURVEY_EXIT_MS : exitTimeout;
      await within(server.exited, limit).finally(() => server.destroy());
    } else {
      await server.destroy();
    }
  }
}
