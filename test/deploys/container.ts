import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Owner } from '../helpers/child.ts';

/** A command that runs as process 1 of a PID namespace, as in a container. */
export interface Container {
  readonly port: number;
  /** As `docker stop`: SIGTERM to process 1, SIGKILL after so many milliseconds. Resolves with how it ended. */
  readonly stop: (killAfter: number) => Promise<'by itself' | 'killed'>;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export interface ContainerOptions {
  readonly command: readonly string[];
  readonly directory: string;
}

/** Why there can be no container here, or false. */
export function containerUnavailable(): string | false {
  if (process.platform !== 'linux') return 'this is not Linux';
  const { status } = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']);
  return status !== 0 && 'it takes root to make a PID namespace';
}

/** Starts it, and waits for a line that ends with the port. */
export async function startContainer(t: Owner, { command, directory }: ContainerOptions): Promise<Container> {
  // It is to know nothing of npm and CI, which run the test; `env` takes off what tap adds to the spawned.
  const known = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && name !== 'CI');
  const env = Object.fromEntries(known);
  const unshare = 'unshare --pid --fork --kill-child --mount-proc --'.split(' ');
  const child = spawn('env', ['-u', 'NODE_OPTIONS', ...unshare, ...command], {
    cwd: directory,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<'by itself'>((resolve) => {
    child.once('close', () => resolve('by itself'));
  });
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const found = /(?:^ready|port) (\d+)$/.exec(line)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    void exited.then(() => reject(new Error(`${command.join(' ')} ended early: ${stderr}`)));
  });
  const first = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
  return {
    port,
    stdout: () => stdout,
    stderr: () => stderr,
    stop: async (killAfter) => {
      process.kill(first, 'SIGTERM');
      const how = await Promise.race([exited, sleep(killAfter, 'killed' as const)]);
      if (how === 'killed') process.kill(first, 'SIGKILL');
      await exited;
      return how;
    },
  };
}
