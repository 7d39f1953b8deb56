import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import type { ReloadReport, Retired } from '@graceful-cluster/core';
import { ends, kill, startCluster, type ClusterProcess } from './cluster-process.ts';
import { keep, type KeptConnection } from './kept-connection.ts';

export const CLEAN = { code: 0, signal: null };

export interface Setting {
  /** Of its servers. */
  readonly server?: object;
  readonly supervisor?: object;
  readonly touches?: 'listener' | 'property';
  readonly workers?: number;
  /** More of the fixture's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many descriptors a process may have. */
  readonly descriptors?: number;
}

export function start(
  t: Test,
  { server, supervisor, touches, workers = 1, env: more, descriptors }: Setting = {},
): Promise<ClusterProcess> {
  const env = {
    WORKERS: String(workers),
    SERVER: JSON.stringify({ keepAliveTimeout: 60_000, ...server }),
    OPTIONS: JSON.stringify({ timeout: 20_000, ...supervisor }),
    ...(touches && { TOUCHES: touches }),
    ...more,
  };
  return startCluster(t, { env, ...(descriptors && { descriptors }) });
}

export async function reload(cluster: ClusterProcess, nth = 1): Promise<ReloadReport> {
  cluster.signal('SIGUSR2');
  return JSON.parse(await cluster.line('reloaded', nth)) as ReloadReport;
}

export async function retired(cluster: ClusterProcess, nth = 1): Promise<Retired> {
  return JSON.parse(await cluster.line('retired', nth)) as Retired;
}

/** Connections that have had a request each. */
export async function connections(
  t: Test,
  cluster: ClusterProcess,
  count: number,
  open: () => Promise<KeptConnection> = () => keep(cluster.port),
): Promise<KeptConnection[]> {
  const all = await Promise.all(Array.from({ length: count }, open));
  for (const each of all) t.teardown(each.end);
  for (const each of all) await each.ask();
  return all;
}

export async function stops(t: Test, cluster: ClusterProcess, all: readonly KeptConnection[]): Promise<void> {
  for (const each of all) each.end();
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN, { timeout: 20_000 });
  t.equal(cluster.stderr(), '');
}

/** Begins a reload, and resolves when the first worker drains. */
export async function drains(cluster: ClusterProcess, workers = 1): Promise<void> {
  cluster.signal('SIGUSR2');
  await cluster.line('up', workers + 1);
  await sleep(700);
}

export async function reloaded(cluster: ClusterProcess): Promise<ReloadReport> {
  return JSON.parse(await cluster.line('reloaded')) as ReloadReport;
}

/** Makes a worker answer what it holds. */
export function release(cluster: ClusterProcess, index: number): void {
  kill(pid(cluster, index), 'SIGUSR2');
}

export const pid = (cluster: ClusterProcess, index: number): number => cluster.workers()[index] ?? 0;
