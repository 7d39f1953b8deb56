import { advise } from './advice.ts';
import { door } from './clients/door.ts';
import { newConnection } from './clients/new-connection.ts';
import { startClients } from './load.ts';
import type { LoadOptions } from './load-options.ts';
import { toRound, type Round } from './round.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { attachServer } from './server/running-server.ts';
import type { Server } from './server/server.ts';
import { startServer } from './server/server-process.ts';
import { stopUnderLoad, type Progress } from './stop.ts';
import { lookAt, type Survey } from './survey.ts';
import { checkLoopback, formatTarget, parseTarget, type Target } from './target.ts';
import { judge, type Verdict } from './verdict.ts';
import { within } from './within.ts';

/** What is probed, and how. All times are in milliseconds. */
export interface ProbeSettings {
  /** Program and arguments of a server to be started; empty if one already runs. */
  readonly command: readonly string[];
  /** Process of a server that already runs. It is stopped once, with all scenarios at the same time. */
  readonly pid: number | undefined;
  /** Where it listens; found out if not given. */
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
}

export interface ScenarioResult extends Verdict {
  /** What to do about it, one paragraph each. */
  readonly advice: readonly string[];
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rounds: readonly Round[];
}

/** Told while a probe is at work. */
export interface ProbeEvents {
  surveying(): void;
  surveyed(target: string): void;
  started(scenario: string, round: number): void;
  progress(progress: Progress): void;
  ended(result: ScenarioResult): void;
}

/** Load that goes on after the first refusal, in milliseconds, if the server is still there. */
const AFTER_REFUSAL = 2_000;
/** Time in milliseconds between the end of the load and the end of the server's time. */
const LAST_CALL = 500;
/** Milliseconds that the server of the survey gets for a stop that nobody looks at. */
const SURVEY_EXIT = 1_500;

/** Runs all scenarios. @throws ERR_PROBE_START_FAILED and whatever else keeps it from measuring */
export async function probe(settings: ProbeSettings, events: ProbeEvents): Promise<ScenarioResult[]> {
  const given = settings.url === undefined ? undefined : parseTarget(settings.url);
  if (given) checkLoopback(given);
  events.surveying();
  const survey = await surveyServer(settings, given);
  events.surveyed(formatTarget(survey.target));

  const results: ScenarioResult[] = [];
  const groups: Scenario[][] = [];
  const applicable = settings.scenarios.filter((scenario) => 'load' in check(survey, scenario));
  if (settings.together || settings.pid !== undefined) groups.push(applicable);
  else groups.push(...applicable.map((scenario) => [scenario]));

  for (const group of groups) {
    if (group.length === 0) continue;
    const rounds = await runGroup(settings, survey, group, given, events);
    group.forEach((scenario, index) => {
      const its = rounds.map((round) => round[index] as Round);
      const result = {
        ...describe(scenario),
        ...judge(scenario, its),
        advice: advise(scenario, its),
        rounds: its,
      };
      results.push(result);
      events.ended(result);
    });
  }
  for (const scenario of settings.scenarios) {
    const found = check(survey, scenario);
    if (!('missing' in found)) continue;
    const reasons = [found.missing];
    const result: ScenarioResult = {
      ...describe(scenario),
      status: 'not-applicable',
      reasons,
      notes: [],
      advice: [],
      rounds: [],
    };
    results.push(result);
    events.ended(result);
  }
  const order = settings.scenarios.map(({ name }) => name);
  return results.toSorted((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

const describe = ({
  name,
  title,
  description,
}: Scenario): Pick<ScenarioResult, 'name' | 'title' | 'description'> => ({
  name,
  title,
  description,
});

const check = ({ checks }: Survey, scenario: Scenario): { load: LoadOptions } | { missing: string } =>
  checks.get(scenario) ?? { missing: 'not looked at' };

function startSettingsServer(settings: ProbeSettings, address: Target | undefined): Promise<Server> {
  const { pid, command, startTimeout } = settings;
  if (pid !== undefined && address) return attachServer(pid, address);
  return startServer({ command, startTimeout, address: address ?? 'found' });
}

/** Looks at a server that is then thrown away, unless it is the one that already runs. */
async function surveyServer(settings: ProbeSettings, given: Target | undefined): Promise<Survey> {
  const server = await startSettingsServer(settings, given);
  try {
    return await lookAt({ ...server.target, ...given }, settings.scenarios, settings.load);
  } finally {
    if (settings.pid === undefined && !server.exit) {
      server.signal(settings.signal, settings.group);
      await within(server.exited, SURVEY_EXIT);
    }
    await server.destroy();
  }
}

/** Stops a server while the clients of some scenarios are at work; a round each, for every time. */
async function runGroup(
  settings: ProbeSettings,
  survey: Survey,
  group: readonly Scenario[],
  given: Target | undefined,
  events: ProbeEvents,
): Promise<Round[][]> {
  const { signal, exitTimeout, after, rounds: count } = settings;
  const patient = group.some((scenario) => scenario.patient);
  const rounds: Round[][] = [];
  const times = settings.pid === undefined ? count : 1;
  for (let number = 1; number <= times; number += 1) {
    events.started(group.map(({ name }) => name).join(' + '), number);
    const [stop, tallies] = await stopUnderLoad({
      name: settings.command.join(' ') || `process ${settings.pid}`,
      start: () => startSettingsServer(settings, given),
      load: (target) =>
        startScenarios({ ...target, tls: survey.target.tls }, group, survey, settings, number),
      warmup: after,
      signal,
      group: settings.group,
      loadAfterSignal: exitTimeout - LAST_CALL,
      loadAfterRefusal: patient ? undefined : AFTER_REFUSAL,
      exitTimeout,
      patient,
      onProgress: (progress) => events.progress(progress),
    });
    rounds.push(tallies.map((tally) => toRound(settings.command, stop, tally)));
  }
  return rounds;
}

function startScenarios(
  target: Target,
  group: readonly Scenario[],
  survey: Survey,
  settings: ProbeSettings,
  round: number,
): ReturnType<typeof startClients>[] {
  // One client at the door is enough, and none if others knock all the time.
  let needsDoor = survey.http1 && !group.some(({ clients }) => clients.includes(newConnection));
  return group.map((scenario) => {
    const kinds = scenario.clients.filter((kind) => kind !== door || needsDoor);
    if (kinds.includes(door)) needsDoor = false;
    const found = check(survey, scenario);
    const load: LoadOptions = {
      ...settings.load,
      ...('load' in found ? found.load : {}),
      seed: (settings.load.seed ?? 1) + round - 1,
      ...(scenario.patient ? { hungAfter: Infinity } : {}),
    };
    return startClients(target, kinds, load);
  });
}
