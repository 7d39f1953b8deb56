import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { freePort } from '../test/helpers/free-port.ts';
import { monotonic, sleep } from './clock.ts';
import type { Where } from './clients/surroundings.ts';
import { readEvidence, type Evidence } from './evidence.ts';
import { isCluster, type Scenario } from './scenario.ts';

/** A listening socket that this process holds for the program, as systemd does. */
interface Held {
  readonly fd: number;
  readonly close: () => void;
  readonly getsockname: (out: { port?: number }) => number;
}
const { _createServerHandle: bind } = net as unknown as {
  readonly _createServerHandle: (address: string, port: number, type: 4) => Held;
};

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly at: number;
}

/** The program of a scenario, with all of its processes. */
export interface Program {
  readonly pid: number;
  readonly folder: string;
  readonly evidence: () => Evidence;
  /** Resolves when as many processes listen as are to; undefined if the program ends without. */
  readonly listening: () => Promise<Where | undefined>;
  readonly exited: Promise<End>;
  readonly ended: () => End | undefined;
  readonly stderr: () => string;
  /** Process ids of all of its processes that are alive, zombies not counted. */
  readonly alive: () => readonly number[];
  /** A second one on the same inherited socket. */
  readonly succeed: () => Promise<void>;
  /** Kills what is left and removes its folder. */
  readonly remove: () => void;
}

const FILE_LIMIT = 256;
const LOOK_MS = 10;
const main = fileURLToPath(new URL('program/main.js', import.meta.url));
const register = import.meta.resolve('@graceful-cluster/core/register');

export async function startProgram(scenario: Scenario, node: string): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
  const file = join(folder, 'evidence');
  writeFileSync(join(folder, 'scenario.json'), JSON.stringify(scenario));
  const held = scenario.address === 'inherited' ? bind('127.0.0.1', 0, 4) : undefined;
  const env = await environment(scenario, folder, file);
  const args = [...(scenario.way === 'register' ? ['--import', register] : []), main, folder];
  /**
   * @param say - called with what it prints on stderr: a successor, which finds a full queue, may print what it likes
   */
  const start = (say: (text: string) => void = () => {}): ChildProcess => {
    // A limit that EMFILE is soon reached at.
    const child = spawn('/bin/sh', ['-c', `ulimit -n ${FILE_LIMIT}; exec "$0" "$@"`, node, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', held?.fd ?? 'ignore'],
      detached: true,
    });
    child.stdout?.resume();
    child.stderr?.setEncoding('utf8').on('data', say);
    return child;
  };
  let stderr = '';
  let end: End | undefined;
  const child = start((text) => (stderr += text));
  let successor: ChildProcess | undefined;
  const exited = new Promise<End>((resolve) => {
    child.once('exit', (code, signal) => {
      end = { code, signal, at: monotonic() };
      resolve(end);
    });
  });
  const evidence = (): Evidence => readEvidence(file);
  const groups = (): number[] => [child.pid ?? 0, ...(successor ? [successor.pid ?? 0] : [])];
  const listeners = async (count: number): Promise<string | undefined> => {
    for (;;) {
      const listening = evidence().all('listening');
      if (listening.length >= count) return listening[0]?.rest;
      if (end !== undefined) return undefined;
      await sleep(LOOK_MS);
    }
  };
  return {
    pid: child.pid ?? 0,
    folder,
    evidence,
    listening: async () => {
      const address = await listeners(isCluster(scenario) ? scenario.workers : 1);
      if (address === undefined) return undefined;
      if (address.startsWith('/')) return { path: address };
      const out: { port?: number } = {};
      held?.getsockname(out);
      return { port: out.port ?? Number(address), host: '127.0.0.1' };
    },
    exited,
    ended: () => end,
    stderr: () => stderr,
    alive: () => groupMembers(groups()),
    succeed: async () => {
      const before = evidence().all('listening').length;
      successor = start();
      while (evidence().all('listening').length === before) await sleep(LOOK_MS);
    },
    remove: () => {
      for (const group of groups()) signal(-group, 'SIGKILL');
      held?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function environment(scenario: Scenario, folder: string, file: string): Promise<NodeJS.ProcessEnv> {
  const { model, way, seal, options } = scenario;
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env: NodeJS.ProcessEnv = { ...inherited, CHAOS_EVIDENCE: file };
  if (model === 'reuse-port') env['CHAOS_PORT'] = String(await freePort());
  if (seal === 'off') env['GRACEFUL_CLUSTER_NATIVE'] = 'off';
  if (way === 'two copies') env['CHAOS_SECOND_COPY'] = copyCore(folder);
  if (way !== 'register') return env;
  for (const [name, value] of Object.entries(options)) {
    env[`GRACEFUL_CLUSTER_${name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`] = String(value);
  }
  if (seal !== 'auto' && seal !== 'off') env['GRACEFUL_CLUSTER_SEAL'] = seal;
  return env;
}

/** A second copy of core, as npm makes it when two ranges do not overlap. */
function copyCore(folder: string): string {
  const root = new URL('../', import.meta.resolve('@graceful-cluster/core'));
  for (const part of ['package.json', 'dist', 'prebuilds']) {
    cpSync(new URL(part, root), join(folder, part), { recursive: true });
  }
  return pathToFileURL(join(folder, 'dist', 'index.js')).href;
}

/** A process, or a group if negative, that is gone already needs no signal. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return pid !== 0 && process.kill(pid, name);
  } catch {
    return false;
  }
}

function groupMembers(groups: readonly number[]): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const [, state, , group] =
          /^\d+ \(.*\) (\S) (\d+) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
        return state !== 'Z' && groups.includes(Number(group));
      } catch {
        return false;
      }
    });
}

/** Whether a process still listens there. */
export function isOpen(where: Where): Promise<boolean> {
  if ('path' in where) return Promise.resolve(existsSync(where.path));
  return new Promise((resolve) => {
    const socket = net.connect(where);
    socket.once('connect', () => {
      resolve(socket.localPort !== where.port);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}
