// The story that began this: a router sends a client elsewhere when a dyno refuses it, and reports H13 when one that
// accepted it closes without an answer. Two dynos, each a cluster, all of whose processes get the signal at once;
// each is replaced in turn, under bursts of requests. Prints what a careful plain cluster loses beside it.
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { freePort } from '../fixtures/cluster/free-port.ts';
import { startProgram, type Program } from './program.ts';
import { createRouter, type Routed } from './router.ts';
import { times } from './settings.ts';
import { table } from './table.ts';

/** For how long the router still has a dyno in its table that has got the signal. */
const LAG_MS = 1_000;
const BURST = 40;
const BURST_EVERY_MS = 100;

interface Dyno extends Program {
  readonly port: number;
}

interface Story {
  readonly outcomes: Readonly<Record<Routed, number>>;
  readonly rerouted: number;
  readonly exits: readonly string[];
}

const rows = [['dynos', 'router', 'stops', 'answered', 'sent elsewhere', 'H13', 'H18', 'H21']];

async function startDyno(t: Test, program: string): Promise<Dyno> {
  const port = await freePort();
  const started = await startProgram(t, program, { host: '127.0.0.1', port, workers: 2, options: {} });
  return { ...started, port };
}

async function tell(t: Test, program: string, keepAlive: boolean): Promise<Story> {
  const router = createRouter({ keepAlive });
  const dynos = await Promise.all([startDyno(t, program), startDyno(t, program)]);
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
  for (let time = 0; time < times; time += 1) {
    // Not always at the same moment of a burst.
    await sleep(500 + Math.random() * BURST_EVERY_MS);
    const index = time % 2 === 0 ? 0 : 1;
    const old = dynos[index];
    old.killAll('SIGTERM');
    await sleep(LAG_MS);
    router.remove(old.port);
    exits.push(await old.exited);
    dynos[index] = await startDyno(t, program);
    router.add(dynos[index].port);
  }
  stopped = true;
  await load;
  for (const dyno of dynos) dyno.killAll('SIGKILL');
  router.close();
  return { outcomes, rerouted: router.rerouted(), exits };
}

function note(name: string, keepAlive: boolean, { outcomes, rerouted }: Story): void {
  const { ok, H13, H18, H21 } = outcomes;
  const router = keepAlive ? 'keeps connections' : 'a connection per request';
  rows.push([name, router, ...[times, ok, rerouted, H13, H18, H21].map(String)]);
  t.comment(rows.at(-1)?.join(' | '));
}

for (const keepAlive of [false, true]) {
  t.test(keepAlive ? 'a router that keeps connections' : 'a router that keeps none', async (t) => {
    const story = await tell(t, 'graceful', keepAlive);
    note('ours', keepAlive, story);
    const { ok: _, ...errors } = story.outcomes;
    t.same(errors, { H13: 0, H18: 0, H21: 0 }, 'nobody sees it');
    t.ok(story.rerouted >= times, `${story.rerouted} connects were refused, and went elsewhere`);
    t.same([...new Set(story.exits)], ['0'], 'each exit code is 0');
    note('plain', keepAlive, await tell(t, 'plain', keepAlive));
  });
}

t.teardown(() => t.comment(`\n${table(rows)}`));
