import { readFileSync, writeFileSync } from 'node:fs';
import type { Counts, LostOutcome } from '@graceful-cluster/probe';
import { median } from '../helpers/numbers.ts';
import type { Contender } from './contenders.ts';

/** One shutdown. Times are in milliseconds. */
export interface Stop {
  readonly answered: number;
  readonly refused: number;
  /** What the shutdown cost clients. */
  readonly lost: Readonly<Partial<Record<LostOutcome, number>>>;
  /** What clients had lost by the time of the signal. */
  readonly lostBefore: number;
  /** From the last answer that it owed to the exit. */
  readonly over: number;
  /** Whether it was still there when the clients left. */
  readonly outlasted: boolean;
  readonly exit: string;
  /** How late the clients were at worst. */
  readonly lag: number;
  /** Load average of the minute before: what else was at work here. */
  readonly load: number;
}

/** Where they were measured. */
export interface Conditions {
  readonly machine: string;
  /** Node of the servers, and of the clients. */
  readonly node: string;
  readonly clients: string;
}

/** All stops of one contender. */
export interface Entry {
  readonly name: string;
  readonly version: string;
  readonly stops: readonly Stop[];
}

export interface Results {
  readonly conditions: Conditions;
  readonly entries: readonly Entry[];
}

/** One JSON object a line: the conditions, then each stop. */
export function writeResults(file: string, { conditions, entries }: Results): void {
  const lines = entries.flatMap(({ name, version, stops }) =>
    stops.map((stop) => ({ name, version, ...stop })),
  );
  writeFileSync(file, [conditions, ...lines].map((line) => `${JSON.stringify(line)}\n`).join(''));
}

export function readResults(file: string): Results {
  const [head, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const entries = new Map<string, Entry>();
  for (const line of lines) {
    const { name, version, ...stop } = JSON.parse(line) as Stop & Omit<Entry, 'stops'>;
    const stops = entries.get(name)?.stops ?? [];
    entries.set(name, { name, version, stops: [...stops, stop] });
  }
  return { conditions: JSON.parse(head ?? '') as Conditions, entries: [...entries.values()] };
}

/** Two runs as one. They must be of the same machine, Node lines and versions. */
export function addResults(before: Results, more: Results): Results {
  const [first, second] = [before, more].map(({ conditions }) => JSON.stringify(conditions));
  if (first !== second) throw new Error(`these runs cannot be added: ${first} and ${second}`);
  const names = new Set([...before.entries, ...more.entries].map(({ name }) => name));
  const entries = [...names].map((name): Entry => {
    const both = [before, more].flatMap((results) => results.entries.filter((entry) => entry.name === name));
    const versions = new Set(both.map(({ version }) => version));
    if (versions.size > 1) throw new Error(`${name} is of versions ${[...versions].join(' and ')}`);
    return { name, version: both[0]?.version ?? '', stops: both.flatMap(({ stops }) => stops) };
  });
  return { conditions: before.conditions, entries };
}

/** All stops of one contender in a row of the table. */
export interface Summary {
  readonly contender: Contender;
  readonly version: string;
  readonly stops: number;
  /** Per shutdown. */
  readonly lost: { readonly mean: number; readonly least: number; readonly most: number };
  /** Lost by how, in all shutdowns. */
  readonly outcomes: Readonly<Partial<Record<LostOutcome, number>>>;
  /** Shutdowns that lost nothing. */
  readonly clean: number;
  readonly over: { readonly median: number; readonly least: number; readonly most: number };
  /** Whether it waits for clients to leave. */
  readonly outlasted: boolean;
  readonly exits: readonly string[];
}

export function countStop({ lost }: Stop): number {
  return Object.values(lost).reduce((sum, count) => sum + count, 0);
}

/** The rows, ours first, then by what they lose. */
export function summarize(results: Results, contenders: readonly Contender[]): Summary[] {
  const summaries = results.entries.flatMap(({ name, version, stops }) => {
    const contender = contenders.find((each) => each.name === name);
    return contender && stops.length > 0 ? [summarizeEntry(contender, version, stops)] : [];
  });
  const rank = ({ contender }: Summary): number => (contender.ours ? 0 : 1);
  return summaries.toSorted((a, b) => rank(a) - rank(b) || a.lost.mean - b.lost.mean);
}

function summarizeEntry(contender: Contender, version: string, stops: readonly Stop[]): Summary {
  const lost = stops.map(countStop);
  const over = stops.map((stop) => stop.over);
  const outcomes: Partial<Record<keyof Counts, number>> = {};
  for (const stop of stops) {
    for (const [name, count] of Object.entries(stop.lost)) {
      outcomes[name as LostOutcome] = (outcomes[name as LostOutcome] ?? 0) + count;
    }
  }
  return {
    contender,
    version,
    stops: stops.length,
    lost: {
      mean: lost.reduce((sum, count) => sum + count, 0) / lost.length,
      least: Math.min(...lost),
      most: Math.max(...lost),
    },
    outcomes,
    clean: lost.filter((count) => count === 0).length,
    over: { median: median(over), least: Math.min(...over), most: Math.max(...over) },
    // Of fewer than half, the median does not depend on when the clients left.
    outlasted: stops.filter((stop) => stop.outlasted).length * 2 >= stops.length,
    exits: [...new Set(stops.map(({ exit }) => exit))].toSorted(),
  };
}
