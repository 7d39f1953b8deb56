import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { findPort } from '../peers/stop.ts';

/** A cluster of two workers, ours or a careful plain one: `test/fixtures/deploys`. */
export interface Dyno {
  readonly port: number;
  /** Sends a signal to all of its processes at once, as Heroku does. */
  readonly killAll: (signal: NodeJS.Signals) => void;
  /** Exit code or signal, with what the primary wrote to stderr. */
  readonly exited: Promise<string>;
}

export type Program = 'graceful' | 'plain';

/** Resolves once it listens. It ends with this process at the latest: its stdin ends then. */
export async function startDyno(program: Program, node: string): Promise<Dyno> {
  const port = await findPort();
  const file = fileURLToPath(new URL(`../../test/fixtures/deploys/${program}.js`, import.meta.url));
  const { NODE_OPTIONS: _, ...env } = process.env;
  const setup = JSON.stringify({ host: '127.0.0.1', port, workers: 2, options: {} });
  const child = spawn(node, [file, setup], { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(`${signal ?? code}${stderr && ` ${stderr}`}`));
  });
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('ready ')) resolve();
    });
    void exited.then((how) => reject(new Error(`${program} ended early: ${how}`)));
  });
  return {
    port,
    exited,
    killAll: (signal) => {
      try {
        process.kill(-(child.pid ?? 0), signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    },
  };
}
