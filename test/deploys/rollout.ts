import { setTimeout as sleep } from 'node:timers/promises';
import type { Clients, ServiceResult } from '../fixtures/deploys/service-clients.ts';
import type { Owner } from '../helpers/child.ts';
import { createPodNetwork, PORT, SERVICE, type Pod } from './pods.ts';
import { startProgram, type Program } from './program.ts';

/** A rolling update of two pods, one more than wanted at a time, under the traffic of clients that never try again. */
export interface Rollout {
  readonly program: 'graceful' | 'plain';
  readonly options: object;
  readonly traffic: Pick<Clients, 'rate' | 'keepAlive' | 'pause'>;
  readonly stops: number;
}

export interface RolledOut extends ServiceResult {
  readonly exits: readonly string[];
  /** Milliseconds from each signal to the exit. */
  readonly took: readonly number[];
}

/** Milliseconds until all nodes know that a pod has come or goes. */
const LAG_MS = { least: 2_000, most: 5_000 };

/** Milliseconds between the exit of a process and the end of its pod's network. */
const SANDBOX_MS = 500;

interface RunningPod extends Pod {
  readonly program: Program;
}

export async function rollOut(t: Owner, { program, options, traffic, stops }: Rollout): Promise<RolledOut> {
  const network = await createPodNetwork(t);
  const startPod = async (): Promise<RunningPod> => {
    const pod = await network.addPod();
    const setup = { host: '0.0.0.0', port: PORT, workers: 0, options };
    return { ...pod, program: await startProgram(t, program, setup, pod.prefix) };
  };
  const pods = [await startPod(), await startPod()];
  const endpoints = new Set(pods.map(({ address }) => address));
  const lag = async (change: () => unknown): Promise<void> => {
    await sleep(LAG_MS.least + Math.random() * (LAG_MS.most - LAG_MS.least));
    change();
    network.setEndpoints([...endpoints]);
  };
  network.setEndpoints([...endpoints]);
  const clients = await startProgram(
    t,
    'service-clients',
    { host: SERVICE, port: PORT, ...traffic } satisfies Clients,
    network.prefix,
  );

  const exits: string[] = [];
  const took: number[] = [];
  const stop = async ({ program, remove }: RunningPod): Promise<void> => {
    const began = performance.now();
    program.kill('SIGTERM');
    exits.push(await program.exited);
    took.push(performance.now() - began);
    await sleep(SANDBOX_MS);
    remove();
  };
  for (let count = 0; count < stops; count += 1) {
    const fresh = await startPod();
    const old = pods.shift() as RunningPod;
    pods.push(fresh);
    await Promise.all([
      lag(() => endpoints.add(fresh.address)),
      lag(() => endpoints.delete(old.address)),
      stop(old),
    ]);
  }
  clients.kill('SIGTERM');
  const result = JSON.parse(await clients.line('result')) as ServiceResult;
  for (const { program } of pods) program.killAll('SIGKILL');
  return { ...result, exits, took };
}
