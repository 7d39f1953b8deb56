import { setTimeout as sleep } from 'node:timers/promises';
import type { ShutdownReport } from '@graceful-cluster/core';
import type { Setup } from '../fixtures/deploys/app.ts';
import type { Owner } from '../helpers/child.ts';
import { startProgram, type Program } from './program.ts';

/** What is deployed: two processes or two clusters behind a proxy, one after the other. */
export interface Rolling {
  readonly program: 'graceful' | 'plain';
  readonly ports: readonly [number, number];
  /** 0 is one process without a cluster. */
  readonly workers: number;
  readonly options: Setup['options'];
  /** Milliseconds between a new server that listens and the next stop. */
  readonly gap: number;
}

export interface Rolled {
  /** Of each stop, for those of our coordinator. */
  readonly reports: readonly ShutdownReport[];
  /** Exit code or signal of each. */
  readonly exits: readonly string[];
  /** Milliseconds from each signal until what it asked for was done. */
  readonly took: readonly number[];
}

export interface Pair {
  /** Stops one and starts it again, in turn with the other. */
  readonly restart: (times: number) => Promise<Rolled>;
  /** Tells one to replace its workers, in turn with the other. */
  readonly reload: (times: number) => Promise<Rolled>;
  readonly end: () => void;
}

/** Starts both, and waits until they listen. */
export async function startPair(t: Owner, rolling: Rolling): Promise<Pair> {
  const { program, ports, workers, options, gap } = rolling;
  const start = (port: number): Promise<Program> =>
    startProgram(t, program, { host: '127.0.0.1', port, workers, options });
  const pair = await Promise.all([start(ports[0]), start(ports[1])]);
  const reloads = [0, 0];

  async function restart(times: number): Promise<Rolled> {
    const reports: ShutdownReport[] = [];
    const exits: string[] = [];
    const took: number[] = [];
    for (let time = 0; time < times; time += 1) {
      const index = time % 2 === 0 ? 0 : 1;
      const old = pair[index];
      const began = performance.now();
      old.kill('SIGTERM');
      exits.push(await old.exited);
      took.push(performance.now() - began);
      if (program === 'graceful') reports.push(JSON.parse(await old.line('report')) as ShutdownReport);
      pair[index] = await start(ports[index]);
      await sleep(gap);
    }
    return { reports, exits, took };
  }

  async function reload(times: number): Promise<Rolled> {
    const took: number[] = [];
    for (let time = 0; time < times; time += 1) {
      const index = time % 2 === 0 ? 0 : 1;
      const began = performance.now();
      pair[index].kill('SIGHUP');
      reloads[index] = (reloads[index] ?? 0) + 1;
      await pair[index].line('reloaded', reloads[index]);
      took.push(performance.now() - began);
      await sleep(gap);
    }
    return { reports: [], exits: [], took };
  }

  return { restart, reload, end: () => pair.forEach(({ killAll }) => killAll('SIGKILL')) };
}
