import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Attempt, Outcome } from '../fixtures/arrivals-client.ts';

export type { Attempt, Outcome };

export interface ArrivalsOptions {
  /** What runs a program on the client's side, see `Network`; nothing means right here. */
  prefix?: readonly string[];
  host: string;
  port: number;
  /** Connections per second. */
  rate: number;
  /** Milliseconds in which connections start; the last of them may take 10 s more. */
  duration: number;
}

export interface Arrivals {
  /** Every attempt, in the order in which they started. */
  readonly finished: Promise<Attempt[]>;
}

const program = fileURLToPath(new URL('../fixtures/arrivals-client.js', import.meta.url));

/** Milliseconds since 1970, on the clock of `Attempt.startedAt`. */
export const now = (): number => performance.timeOrigin + performance.now();

export const only = (attempts: readonly Attempt[], outcome: Outcome): Attempt[] =>
  attempts.filter((attempt) => attempt.outcome === outcome);

/** Starts clients that arrive at a steady rate; resolves when the first of them is done. */
export async function startArrivals(options: ArrivalsOptions): Promise<Arrivals> {
  const { prefix = [], host, port, rate, duration } = options;
  const node = [...prefix, 'env', '-u', 'NODE_OPTIONS', process.execPath, program];
  const [command = '', ...args] = [...node, host, ...[port, rate, duration].map(String)];
  const { stdout } = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { done, value } = await lines.next();
    if (done) throw new Error('arrivals-client ended early');
    return value;
  };
  await nextLine();
  return { finished: nextLine().then(parse) };
}

function parse(line: string): Attempt[] {
  const attempts = JSON.parse(line) as Attempt[];
  return attempts.toSorted((a, b) => a.startedAt - b.startedAt);
}
