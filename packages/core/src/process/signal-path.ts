import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { warn } from '../api/errors.ts';

/** SIGTERM in the masks of /proc/<pid>/status, where bit 0 is signal 1 (proc(5)). */
const SIGTERM_BIT = 1n << 14n;

/** Milliseconds that process 1 may use or wait, after Node's own start, until it has its coordinator. */
const LATE_MS = 2_000;

/** Most generations that are looked at above this process. */
const MAX_GENERATIONS = 16;

const shells = /^(?:sh|ash|bash|busybox|dash|ksh|zsh)$/;
/** Names of inits, which pass a signal on to their child, and end with it. */
const inits = /^(?:catatonit|docker-init|dumb-init|tini)$/;
/** Names of script runners, which pass a signal on to their child, a shell. */
const scriptRunners = /\b(?:npm|npx|pnpm|yarn)\b/;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly command: readonly string[];
  /** Whether it has a handler for SIGTERM, as a shell with a trap has. */
  readonly catchesSigterm: boolean;
}

/** Warns where a SIGTERM may not reach this process. Call it before the coordinator's own signal handlers are there. */
export function checkSignalPath(): void {
  // A dyno is signalled as a whole (devcenter.heroku.com/articles/dynos#shutdown); a CI job is not stopped gracefully.
  const { DYNO, CI } = process.env;
  const shell = DYNO === undefined && CI === undefined ? shellBetween() : undefined;
  if (shell !== undefined) {
    const place = shell.pid === 1 ? 'process 1' : `process ${shell.pid}`;
    warn(
      'WARN_GRACEFUL_SHELL_BETWEEN',
      `SIGTERM goes to process 1, and the shell \`${shell.name}\` (${place}) does not pass it on to this process: ` +
        'start Node itself, or with `exec node …` in the script',
    );
  }
  if (process.pid !== 1 || process.listenerCount('SIGTERM') > 0) return;
  const late = performance.now() - performance.nodeTiming.bootstrapComplete;
  // Without the time in which this process did not get a processor: that is no fault of the program.
  const { user, system } = process.cpuUsage();
  const own = (user + system) / 1_000 + performance.eventLoopUtilization().idle;
  if (Math.min(late, own) > LATE_MS) {
    warn(
      'WARN_GRACEFUL_LATE_COORDINATOR',
      `the coordinator of process 1 was made ${(late / 1_000).toFixed(1)} s after the start: the kernel drops a ` +
        'SIGTERM that comes before. Make it first, then do what takes long',
    );
  }
}

/**
 * The parent, where it is a shell that runs a script without a trap, in a container: all that is above it, up to
 * process 1, passes signals on at best. Elsewhere (systemd, a terminal, a CI runner) the whole group is signalled, or
 * it cannot be known which processes are.
 */
function shellBetween(): Process | undefined {
  const parent = readProcess(process.ppid);
  if (parent === undefined || !shells.test(parent.name) || parent.catchesSigterm) return undefined;
  // An interactive shell has no script among its arguments.
  if (!parent.command.slice(1).some((argument) => !argument.startsWith('-'))) return undefined;
  let above: Process | undefined = parent;
  for (let count = 0; above !== undefined && above.pid !== 1; count += 1) {
    if (count === MAX_GENERATIONS) return undefined;
    above = readProcess(above.parent);
    if (above !== undefined && !passesOn(above)) return undefined;
  }
  return above && parent;
}

const passesOn = ({ name, command }: Process): boolean =>
  shells.test(name) || inits.test(name) || scriptRunners.test(command.slice(0, 2).join(' '));

/** Undefined where there is none, or no /proc, or no right to read it. */
function readProcess(pid: number): Process | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
    const [name, parent, caught] = [field('Name'), field('PPid'), field('SigCgt')];
    // A sandbox may leave out what it does not know.
    if (name === undefined || parent === undefined || caught === undefined) return undefined;
    return {
      pid,
      parent: Number(parent),
      name,
      command: readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').slice(0, -1),
      catchesSigterm: (BigInt(`0x${caught}`) & SIGTERM_BIT) !== 0n,
    };
  } catch {
    return undefined;
  }
}
