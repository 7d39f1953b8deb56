import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Attempt, Outcome } from '../fixtures/listener/arrivals-client.ts';
import { pristine } from './child.ts';

export type { Attempt, Outcome };

export interface ArrivalsOptions {
  /** What runs a program on the client's side, see `Network`; nothing means right here. */
  prefix?: readonly string[];
  host: string;
  port: number;
  /** Connections per second. */
  rate: number;
  /** Of the first connection; each later one has the next. Default: whatever the kernel chooses. */
  firstLocalPort?: number;
}

export interface Arrivals {
  /** No more of them: resolves with every attempt, in the order in which they started. The last may take 10 s. */
  readonly stop: () => Promise<readonly Attempt[]>;
}

const program = fileURLToPath(new URL('../fixtures/listener/arrivals-client.js', import.meta.url));

/** Milliseconds since 1970, on the clock of `Attempt.startedAt`. */
export const now = (): number => performance.timeOrigin + performance.now();

export const only = (attempts: readonly Attempt[], outcome: Outcome): Attempt[] =>
  attempts.filter((attempt) => attempt.outcome === outcome);

/** Starts clients that arrive at a steady rate; resolves when the first of them is done. */
export async function startArrivals(options: ArrivalsOptions): Promise<Arrivals> {
  const { prefix = [], host, port, rate, firstLocalPort } = options;
  const numbers = [port, rate, ...(firstLocalPort === undefined ? [] : [firstLocalPort])].map(String);
  const [command = '', ...args] = [...prefix, ...pristine, program, host, ...numbers];
  const { stdin, stdout } = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const { done, value } = await lines.next();
    if (done) throw new Error('arrivals-client ended early');
    return value;
  };
  await nextLine();
  return {
    stop: async () => {
      stdin.end();
      return parse(await nextLine());
    },
  };
}

function parse(line: string): Attempt[] {
  const attempts = JSON.parse(line) as Attempt[];
  return attempts.toSorted((a, b) => a.startedAt - b.startedAt);
}
