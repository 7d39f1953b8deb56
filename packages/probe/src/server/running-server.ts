import { readFileSync } from 'node:fs';
import { now } from '../measure/attempt.ts';
import { ProbeError } from '../errors.ts';
import { formatTarget, type Target } from '../network/target.ts';
import { accepts } from './ports.ts';
import type { Exit, Server } from './server.ts';

/** Milliseconds between two looks at whether the process is still there. */
const POLL_MS = 2;

/**
 * A server that already runs. It is signalled, and never killed. @throws ERR_PROBE_START_FAILED
 */
export async function attachServer(pid: number, target: Target): Promise<Server> {
  if (!runs(pid)) throw new ProbeError('ERR_PROBE_START_FAILED', `there is no process ${pid}`);
  await checkAccepts(target);
  let exit: (Exit & { readonly at: number }) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const exited = new Promise<void>((resolve) => {
    timer = setInterval(() => {
      if (runs(pid)) return;
      clearInterval(timer);
      // The exit code is known to the parent alone.
      exit = { code: null, signal: null, at: now() };
      resolve();
    }, POLL_MS);
  });
  return {
    target,
    pid,
    port: undefined,
    listensOnAll: undefined,
    exited,
    get exit() {
      return exit;
    },
    stdout: '',
    stderr: '',
    leftBehind: false,
    signal(name, group) {
      process.kill(group ? -groupOf(pid) : pid, name);
    },
    destroy() {
      clearInterval(timer);
      return Promise.resolve();
    },
  };
}

/**
 * A server of which only the address is known: one in a container, which a command stops (see `stoppedBy`).
 * @throws ERR_PROBE_START_FAILED
 */
export async function attachAddress(target: Target): Promise<Server> {
  await checkAccepts(target);
  return {
    target,
    pid: undefined,
    port: undefined,
    listensOnAll: undefined,
    exited: new Promise(() => {}),
    exit: undefined,
    stdout: '',
    stderr: '',
    leftBehind: false,
    signal() {},
    destroy: () => Promise.resolve(),
  };
}

async function checkAccepts(target: Target): Promise<void> {
  if (await accepts(target)) return;
  throw new ProbeError('ERR_PROBE_START_FAILED', `nothing accepts connections on ${formatTarget(target)}`);
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
  return process.platform !== 'linux' || stat(pid)[0] !== 'Z';
}

/** The group of a process is not known everywhere; where it is not, the process is taken for its leader. */
function groupOf(pid: number): number {
  return process.platform === 'linux' ? Number(stat(pid)[2]) : pid;
}

/** State, parent and group of a process. What is gone in the meantime is as good as a zombie. */
function stat(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return ['Z', '', String(pid)];
  }
}
