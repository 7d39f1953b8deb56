import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Behaviour } from '../fixtures/beside/behaviours.ts';
import { ask, startChild, type Answer, type Owner } from '../helpers/child.ts';

export interface Seen {
  readonly lost: readonly string[];
  readonly refused: number;
  readonly slow: string;
  readonly code: number | null;
  readonly signal: string | null;
  readonly hooks: number;
  readonly cleaned: number;
}

const CLIENTS = 16;

/** Milliseconds for a stop of plain Node: it serves a client for ever that never stops to ask on its connection. */
const PLAIN_MS = 6_000;

const register = ['--import', import.meta.resolve('@graceful-cluster/core/register')];

const told = (answer: Answer | string): string =>
  typeof answer === 'string' ? answer : String(answer.status);

/** Asks again and again until something else than an answer comes; every second client keeps its connection. */
async function insist(port: number, agent: Agent | undefined): Promise<string> {
  for (;;) {
    const outcome = told(await ask(port, '/', agent));
    if (outcome !== '200') return outcome;
    await sleep(Math.random() * 4);
  }
}

/**
 * Stops a program under load, with a request of a second in flight.
 *
 * @param fixture - the program, which is given the way and the behaviour
 */
export async function stopBeside(
  t: Owner,
  way: string,
  behaviour: string,
  inCluster: boolean,
  fixture = 'beside/program',
): Promise<Seen> {
  const child = await startChild(t, fixture, {
    args: [way, behaviour],
    nodeOptions: way === 'register' ? register : [],
    ...(inCluster && { env: { CLUSTER: '1' } }),
  });
  const slow = ask(child.port, '/slow');
  const clients = Array.from({ length: CLIENTS }, (_, index) =>
    insist(child.port, index % 2 === 0 ? undefined : new Agent({ keepAlive: true, maxSockets: 1 })),
  );
  await sleep(300);
  child.kill('SIGTERM');
  // As where the whole group is signalled: only then do listeners of the workers hear of it.
  for (const pid of child.lines('worker')) process.kill(Number(pid), 'SIGTERM');
  if (way === 'plain') setTimeout(() => child.kill('SIGKILL'), PLAIN_MS).unref();
  const { code, signal } = await child.exited;
  const outcomes = await Promise.all(clients);
  return {
    lost: outcomes.filter((outcome) => outcome !== 'ECONNREFUSED'),
    refused: outcomes.filter((outcome) => outcome === 'ECONNREFUSED').length,
    slow: told(await slow),
    code,
    signal,
    hooks: child.lines('hook').length,
    cleaned: child.lines('cleaned').length,
  };
}

/** Nobody lost, our hook and the program's own cleanup done, and its exit code kept. */
export function right(behaviour: Behaviour, inCluster: boolean): Omit<Seen, 'refused'> {
  const processes = inCluster ? 2 : 1;
  const cleans = behaviour.startsWith('async cleanup') || behaviour === 'own exit code';
  return {
    lost: [],
    slow: '200',
    // The exit code of a worker is the worker's: the primary's tells whether the stop was clean.
    code: behaviour === 'own exit code' && !inCluster ? 7 : 0,
    signal: null,
    hooks: processes,
    cleaned: cleans ? processes : 0,
  };
}
