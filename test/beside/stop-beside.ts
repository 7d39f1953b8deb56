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
  /** How many clients were given 200. */
  readonly answered: number;
  readonly stdout: string;
}

export interface StopOptions {
  readonly fixture?: string;
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const CLIENTS = 16;

/** Longest stop of plain Node, in milliseconds: a client that goes on asking on its connection is served for ever. */
const PLAIN_MS = 6_000;

const register = ['--import', import.meta.resolve('@graceful-cluster/core/register')];

const told = (answer: Answer | string): string =>
  typeof answer === 'string' ? answer : String(answer.status);

/**
 * Stops a program under load, with a request of a second in flight.
 *
 * @param way - the first argument of the program; the second is the behaviour
 */
export async function stopBeside(
  t: Owner,
  way: string,
  behaviour: string,
  inCluster: boolean,
  {
    fixture = 'beside/program',
    nodeOptions = way === 'register' ? register : [],
    env = {},
  }: StopOptions = {},
): Promise<Seen> {
  const child = await startChild(t, fixture, {
    args: [way, behaviour],
    nodeOptions,
    env: { ...env, ...(inCluster && { CLUSTER: '1' }) },
  });
  let answered = 0;
  const request = async (path: string, agent?: Agent): Promise<string> => {
    const outcome = told(await ask(child.port, path, agent));
    if (outcome === '200') answered += 1;
    return outcome;
  };
  /** Asks again and again until something else than an answer comes. */
  const insist = async (agent: Agent | undefined): Promise<string> => {
    for (;;) {
      const outcome = await request('/', agent);
      if (outcome !== '200') return outcome;
      await sleep(Math.random() * 4);
    }
  };
  const slow = request('/slow');
  // Every second client keeps its connection.
  const clients = Array.from({ length: CLIENTS }, (_, index) =>
    insist(index % 2 === 0 ? undefined : new Agent({ keepAlive: true, maxSockets: 1 })),
  );
  await sleep(300);
  child.kill('SIGTERM');
  // As where the whole group is signalled: only then do listeners of the workers hear of it.
  for (const pid of child.lines('worker')) process.kill(Number(pid), 'SIGTERM');
  if (way === 'plain') setTimeout(() => child.kill('SIGKILL'), PLAIN_MS).unref();
  const { code, signal, stdout } = await child.exited;
  const outcomes = await Promise.all(clients);
  return {
    lost: outcomes.filter((outcome) => outcome !== 'ECONNREFUSED'),
    refused: outcomes.filter((outcome) => outcome === 'ECONNREFUSED').length,
    slow: await slow,
    code,
    signal,
    hooks: child.lines('hook').length,
    cleaned: child.lines('cleaned').length,
    answered,
    stdout,
  };
}

/** What is right: no client lost, our hook and the program's own cleanup done, and its exit code kept. */
export function right(
  behaviour: Behaviour,
  inCluster: boolean,
): Omit<Seen, 'refused' | 'answered' | 'stdout'> {
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
