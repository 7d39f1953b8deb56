import { findUnexplained } from './invariants/all.ts';
import { run, type Seen } from './run.ts';
import type { Scenario } from './scenario.ts';

export interface Outcome {
  readonly seen: Seen | undefined;
  readonly unexplained: readonly string[];
}

/** Runs a scenario once and judges it. One that cannot even be run is a failure too. */
export async function attempt(scenario: Scenario, node: string): Promise<Outcome> {
  try {
    const seen = await run(scenario, node);
    return { seen, unexplained: findUnexplained(seen) };
  } catch (error) {
    return {
      seen: undefined,
      unexplained: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    };
  }
}

export interface Shrunk {
  readonly smallest: Scenario;
  readonly failures: number;
  readonly runs: number;
}

/** Times that a smaller scenario may succeed before it is taken to be sound: most faults need luck. */
const TRIES = 2;
const MAX_RUNS = 40;

/** Takes away what is not needed for the failure, one thing at a time: faults first, then clients, then the rest. */
export async function shrink(scenario: Scenario, node: string): Promise<Shrunk> {
  let smallest = scenario;
  let failures = 0;
  let runs = 0;
  const fails = async (candidate: Scenario): Promise<boolean> => {
    for (let tries = 0; tries < TRIES && runs < MAX_RUNS; tries += 1) {
      runs += 1;
      if ((await attempt(candidate, node)).unexplained.length === 0) continue;
      failures += 1;
      return true;
    }
    return false;
  };
  for (let again = true; again && runs < MAX_RUNS;) {
    again = false;
    for (const candidate of smaller(smallest)) {
      if (!(await fails(candidate))) continue;
      smallest = candidate;
      again = true;
      break;
    }
  }
  return { smallest, failures, runs };
}

function* smaller(scenario: Scenario): Generator<Scenario> {
  const { faults, clients, hooks, stop } = scenario;
  for (const index of faults.keys()) yield { ...scenario, faults: faults.toSpliced(index, 1) };
  for (const index of clients.keys()) yield { ...scenario, clients: clients.toSpliced(index, 1) };
  if (hooks.length > 0) yield { ...scenario, hooks: [] };
  if (scenario.behaviour !== 'none') yield { ...scenario, behaviour: 'none' };
  if (stop.again !== undefined) {
    const { again: _, ...once } = stop;
    yield { ...scenario, stop: once };
  }
  if (scenario.way !== 'attach') yield { ...scenario, way: 'attach' };
  if (scenario.seal !== 'auto') yield { ...scenario, seal: 'auto' };
  if (scenario.options.shutdownDelay > 0) {
    yield { ...scenario, options: { ...scenario.options, shutdownDelay: 0 } };
  }
}
