import { readFileSync } from 'node:fs';
import { cpus, release, type } from 'node:os';
import type { Found, ScenarioResult } from '../run/probe.ts';
import type { ProbeSettings } from '../run/settings.ts';
import type { Runtime } from '../server/runtime.ts';
import { overall, type Status } from '../verdict/verdict.ts';

/** All that a run found, as `--json` writes it. Times are milliseconds, after the signal where there is one. */
export interface Report {
  /** Of this format. */
  readonly format: 1;
  readonly version: string;
  readonly node: string;
  readonly machine: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly command: readonly string[];
  readonly pid: number | null;
  readonly url: string;
  /** What the server runs on, if that is Node.js. */
  readonly runtime: Runtime;
  readonly signal: NodeJS.Signals;
  readonly stopCommand: string | null;
  readonly group: boolean;
  readonly after: number;
  readonly rounds: number;
  readonly seed: number;
  readonly verdict: Exclude<Status, 'not-applicable'>;
  readonly scenarios: readonly ScenarioResult[];
}

export function createReport(
  settings: ProbeSettings,
  { url, runtime }: Pick<Found, 'url' | 'runtime'>,
  startedAt: Date,
  scenarios: readonly ScenarioResult[],
): Report {
  const { command, pid, signal, stopCommand, group, after, rounds, load } = settings;
  return {
    format: 1,
    version: readVersion(),
    node: process.version,
    machine: describeMachine(),
    startedAt: startedAt.toISOString(),
    command,
    pid: pid ?? null,
    url,
    runtime,
    signal,
    stopCommand: stopCommand ?? null,
    group,
    after,
    rounds,
    seed: load.seed ?? 1,
    verdict: overall(scenarios.map(({ status }) => status)),
    scenarios,
  };
}

export function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function describeMachine(): string {
  const processors = cpus();
  return `${type()} ${release()}, ${processors.length} × ${processors[0]?.model.trim() ?? 'processor'}`;
}
