import { sleep } from '../helpers/clock.ts';
import { createRouter, type Routed } from './create-router.ts';
import { startDyno, type Program } from './dyno.ts';

export interface StoryOptions {
  readonly program: Program;
  /** Whether the router keeps its connections to the dynos. */
  readonly keepAlive: boolean;
  readonly stops: number;
  readonly node: string;
}

export interface Story extends Omit<StoryOptions, 'node'> {
  readonly outcomes: Readonly<Record<Routed, number>>;
  /** Connects that were refused and went to the other dyno. */
  readonly rerouted: number;
  /** H13 from each stop until the next. */
  readonly lost: readonly number[];
  readonly exits: readonly string[];
}

/** For how long the router still has a dyno in its table that has got the signal. */
const LAG_MS = 1_000;
const BURST = 40;
const BURST_EVERY_MS = 100;
const BETWEEN_STOPS_MS = 500;

export interface Stories {
  /** Where it was measured, in words. */
  readonly conditions: string;
  readonly stories: readonly Story[];
}

/** Two dynos under bursts of requests, each stopped and replaced in turn. */
export async function tellStory({ program, keepAlive, stops, node }: StoryOptions): Promise<Story> {
  const router = createRouter({ keepAlive });
  const dynos = await Promise.all([startDyno(program, node), startDyno(program, node)]);
  for (const { port } of dynos) router.add(port);

  const outcomes = { ok: 0, H13: 0, H18: 0, H21: 0 };
  let stopped = false;
  // The next burst waits for the last one: what a busy machine cannot answer in time is not the stop's doing.
  const load = (async (): Promise<void> => {
    while (!stopped) {
      const next = sleep(BURST_EVERY_MS);
      const sent = Array.from({ length: BURST }, (_, index) => router.send(index % 2 === 0 ? 'GET' : 'POST'));
      for (const routed of await Promise.all(sent)) outcomes[routed] += 1;
      await next;
    }
  })();

  const exits: string[] = [];
  const lost: number[] = [];
  for (let stop = 0; stop < stops; stop += 1) {
    // Not always at the same moment of a burst.
    await sleep(BETWEEN_STOPS_MS + Math.random() * BURST_EVERY_MS);
    const before = outcomes.H13;
    const index = stop % 2 === 0 ? 0 : 1;
    const old = dynos[index];
    old.killAll('SIGTERM');
    await sleep(LAG_MS);
    router.remove(old.port);
    exits.push(await old.exited);
    dynos[index] = await startDyno(program, node);
    router.add(dynos[index].port);
    lost.push(outcomes.H13 - before);
  }
  stopped = true;
  await load;
  for (const dyno of dynos) dyno.killAll('SIGKILL');
  router.close();
  return { program, keepAlive, stops, outcomes, rerouted: router.rerouted(), lost, exits };
}
