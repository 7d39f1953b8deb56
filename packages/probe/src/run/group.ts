import { door } from '../clients/door.ts';
import { newConnection } from '../clients/new-connection.ts';
import { startClients, type Load } from '../load/load.ts';
import type { LoadOptions } from '../clients/load-options.ts';
import { toRound, type Round } from '../stop/round.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { attachAddress, attachServer } from '../server/running-server.ts';
import type { Server } from '../server/server.ts';
import { startServer, type ServerOptions } from '../server/server-process.ts';
import { serverName, type ProbeSettings } from './settings.ts';
import { stopUnderLoad, type Progress } from '../stop/stop.ts';
import type { LoadTally } from '../measure/tally.ts';
import type { Survey } from './survey.ts';
import type { Target } from '../network/target.ts';

/** The load goes on for so long after the first refusal, if the server is still there. */
const AFTER_REFUSAL_MS = 2_000;
/** The load ends so long before the server's time is over. */
const BEFORE_KILL_MS = 500;

/** Called while a server is stopped. */
export interface GroupEvents {
  started(scenarios: readonly string[], round: number): void;
  progress(progress: Progress): void;
}

/** Where the server and the clients of one stop are. */
interface Place {
  start(): Promise<Server>;
  load(target: Target): readonly Load[] | Promise<readonly Load[]>;
  close(): Promise<void>;
}

/** Stops a server while the clients of some scenarios are at work; returns the rounds of each stop. */
export async function runGroup(
  settings: ProbeSettings,
  survey: Survey,
  group: readonly Scenario[],
  given: Target | undefined,
  events: GroupEvents,
): Promise<Round[][]> {
  const { command, exitTimeout } = settings;
  const patient = group.some((scenario) => scenario.patient);
  const names = group.map(({ name }) => name);
  const rounds: Round[][] = [];
  const count = command.length > 0 ? settings.rounds : 1;
  for (let number = 1; number <= count; number += 1) {
    events.started(names, number);
    const place = await openPlace(settings, survey, group, given, number);
    try {
      const [stop, tallies] = await stopUnderLoad({
        name: serverName(settings),
        start: () => place.start(),
        load: (target) => place.load({ ...target, tls: survey.target.tls }),
        warmup: settings.after,
        signal: settings.signal,
        group: settings.group,
        stopCommand: settings.stopCommand,
        loadAfterSignal: exitTimeout - BEFORE_KILL_MS,
        loadAfterRefusal: patient ? undefined : AFTER_REFUSAL_MS,
        exitTimeout,
        patient,
        onProgress: (progress) => events.progress(progress),
      });
      rounds.push(shareFacts(tallies).map((tally) => toRound(command, stop, tally)));
    } finally {
      await place.close();
    }
  }
  return rounds;
}

/**
 * What the clients of one scenario found out about a stop that others share: an answer that the server owed to one kept
 * it from ending for all, and a port that was refused to one was refused to all.
 */
function shareFacts(tallies: readonly LoadTally[]): LoadTally[] {
  const known = (times: readonly (number | null)[]): number[] => times.filter((time) => time !== null);
  const owed = known(tallies.map(({ lastOwedAnswer }) => lastOwedAnswer));
  const refused = known(tallies.map((tally) => tally.refused.first));
  const lastOwedAnswer = owed.length === 0 ? null : Math.max(...owed);
  const first = refused.length === 0 ? null : Math.min(...refused);
  return tallies.map((tally) => {
    return { ...tally, lastOwedAnswer, refused: { ...tally.refused, first: tally.refused.first ?? first } };
  });
}

/** A server to be stopped: a new one, or the one that already runs. */
export function startProbed(settings: ProbeSettings, given: Target | undefined): Promise<Server> {
  const { pid, command } = settings;
  if (given && pid !== undefined) return attachServer(pid, given);
  if (given && command.length === 0) return attachAddress(given);
  return startServer(serverOptions(settings, given));
}

/** Options that the server is started with. */
export function serverOptions(
  { command, startTimeout }: ProbeSettings,
  given: Target | undefined,
): ServerOptions {
  return { command, startTimeout, address: given ?? 'found' };
}

async function openPlace(
  settings: ProbeSettings,
  survey: Survey,
  group: readonly Scenario[],
  given: Target | undefined,
  round: number,
): Promise<Place> {
  const [first] = group;
  if (first?.stage) {
    const load = loadOf(first, settings, survey, round);
    const server = serverOptions(settings, given);
    const stage = await first.stage({ server, load, stage: settings.stage });
    return {
      start: () => stage.start(),
      load: async (target) => [(await stage.load?.(target)) ?? startClients(target, first.clients, load)],
      close: () => stage.close(),
    };
  }
  return {
    start: () => startProbed(settings, given),
    load: (target) => startGroup(target, group, survey, settings, round),
    close: async () => {},
  };
}

function startGroup(
  target: Target,
  group: readonly Scenario[],
  survey: Survey,
  settings: ProbeSettings,
  round: number,
): Load[] {
  // One `door` client is enough, and none where other clients open connections all the time.
  let needsDoor = survey.http1 && !group.some(({ clients }) => clients.includes(newConnection));
  return group.map((scenario) => {
    const clients = scenario.clients.filter((kind) => kind !== door || needsDoor);
    if (clients.includes(door)) needsDoor = false;
    return startClients(target, clients, loadOf(scenario, settings, survey, round));
  });
}

function loadOf(scenario: Scenario, { load }: ProbeSettings, { checks }: Survey, round: number): LoadOptions {
  const check = checks.get(scenario);
  return {
    ...load,
    ...(check && 'load' in check ? check.load : {}),
    seed: (load.seed ?? 1) + round - 1,
    ...(scenario.patient ? { hungAfter: Infinity } : {}),
  };
}
