import { parseArgs } from 'node:util';
import type { LoadOptions, RoundOptions } from '@graceful-cluster/probe';

/** A server that is stopped again and again. */
export interface Contender {
  readonly name: string;
  /** A path below `build`, without its extension. */
  readonly program: string;
  /** What `node` gets before the program. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly count: number;
  /** Whether a single loss makes the soak fail. */
  readonly ours: boolean;
}

export interface SoakOptions {
  readonly contenders: readonly Contender[];
  readonly node: string;
  readonly target: Target;
  readonly timing: Pick<RoundOptions, 'warmup' | 'loadAfterSignal'>;
  readonly load: LoadOptions;
}

type Target = (typeof targets)[number];

/** By turns: the process alone, then its whole process group. */
const targets = ['process', 'group', 'alternating'] as const;

const PRELOAD = ['--import', '@graceful-cluster/core/register'];

/** What each mode is to the cluster fixture. */
export const modes = { 'round-robin': 'rr', shared: 'none', 'reuse-port': 'reusePort' } as const;

export type Mode = keyof typeof modes;

export const load: LoadOptions = { newConnection: 64, keepAlive: 64, slow: 4 };

/** What each mode is to Node, for a program that names none (`node:cluster`, NODE_CLUSTER_SCHED_POLICY). */
const policies = { 'round-robin': 'rr', shared: 'none' } as const;

/** Its shutdowns are short, so that several hundred fit into minutes. */
const SHORT = { slowPath: '/slow?ms=300' };

export function readSoakOptions(): SoakOptions {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '200' },
      'plain-rounds': { type: 'string', default: '20' },
      server: { type: 'string', default: 'examples/graceful-server' },
      cluster: { type: 'string' },
      workers: { type: 'string', default: '2' },
      import: { type: 'boolean', default: false },
      'signal-to': { type: 'string', default: 'process' },
      node: { type: 'string', default: process.execPath },
    },
  });
  const count = readCount('rounds', values.rounds, 1);
  const plainCount = readCount('plain-rounds', values['plain-rounds'], 0);
  const target = readOne('signal-to', values['signal-to'], targets);
  const common = { node: values.node, target };
  const flags = values.import ? PRELOAD : [];
  const preloaded = (plain: Contender) => ({
    ...plain,
    name: `${plain.name}, --import`,
    flags,
    ours: true,
    count,
  });
  if (values.cluster === undefined) {
    const program = values.server;
    const plain = {
      name: 'plain-server',
      program: 'examples/plain-server',
      flags: [],
      env: {},
      count: plainCount,
      ours: false,
    };
    const ours = values.import ? preloaded(plain) : { ...plain, name: program, program, count, ours: true };
    return { ...common, contenders: some([plain, ours]), timing: {}, load };
  }
  const WORKERS = String(readCount('workers', values.workers, 1));
  const choices = Object.keys(values.import ? policies : modes) as Mode[];
  const mode = readOne('cluster', values.cluster, choices);
  const policy = mode === 'reuse-port' ? policies['round-robin'] : policies[mode];
  const plain = {
    name: `plain cluster, ${mode}`,
    program: 'examples/plain-cluster',
    flags: [],
    env: { WORKERS, NODE_CLUSTER_SCHED_POLICY: policy },
    count: mode === 'round-robin' || values.import ? plainCount : 0,
    ours: false,
  };
  const supervised = {
    ...plain,
    name: `cluster, ${mode}`,
    program: 'test/fixtures/cluster/server',
    env: { WORKERS, MODE: modes[mode] },
    count,
    ours: true,
  };
  return {
    ...common,
    contenders: some([plain, values.import ? preloaded(plain) : supervised]),
    timing: { warmup: 400, loadAfterSignal: 1_000 },
    load: { ...load, ...SHORT },
  };
}

function some(contenders: readonly Contender[]): readonly Contender[] {
  return contenders.filter(({ count }) => count > 0);
}

export function readCount(name: string, text: string, least: number): number {
  const value = Number(text);
  return Number.isInteger(value) && value >= least
    ? value
    : fail(`expected --${name} to be a whole number >= ${least}, got ${text}`);
}

export function readOne<Choice extends string>(
  name: string,
  text: string,
  choices: readonly Choice[],
): Choice {
  return (
    choices.find((choice) => choice === text) ??
    fail(`expected --${name} to be one of ${choices.join(', ')}, got ${text}`)
  );
}

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}
