import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monotonic, sleep } from './clock.ts';
import { signal, type Program } from './processes.ts';
import type { Fault, Scenario } from './scenario.ts';

/** A fault that was done: to which process, from when to when. */
export interface Done {
  readonly fault: Fault;
  readonly pid: number;
  readonly at: number;
  /** When it was over; `Infinity` for a death. */
  until: number;
}

/** Does the faults of a scenario; `at` is when the stop signal is due. Returns what it did, which grows. */
export function startFaults(scenario: Scenario, program: Program, at: number): readonly Done[] {
  const done: Done[] = [];
  for (const fault of scenario.faults) {
    setTimeout(() => void perform(fault, scenario, program, done), Math.max(0, at + fault.at - monotonic()));
  }
  return done;
}

async function perform(fault: Fault, scenario: Scenario, program: Program, done: Done[]): Promise<void> {
  const pid = victim(fault, scenario, program);
  // No reload signal can be named under --import, and a primary that starts does not listen for it: it would end it.
  if (fault.kind === 'reload' && (scenario.way === 'register' || !isReady(program))) return;
  if (pid === undefined || program.ended() !== undefined) return;
  const entry: Done = { fault, pid, at: monotonic(), until: Infinity };
  const command = (name: string, ms = 0): void => {
    writeFileSync(join(program.folder, `command.${pid}`), `${name} ${ms}`);
    signal(pid, 'SIGUSR2');
  };
  done.push(entry);
  switch (fault.kind) {
    case 'kill':
    case 'kill primary':
      signal(pid, 'SIGKILL');
      return;
    case 'exit':
    case 'crash':
      command(fault.kind);
      return;
    case 'freeze':
      signal(pid, 'SIGSTOP');
      await sleep(fault.ms);
      signal(pid, 'SIGCONT');
      break;
    case 'block':
    case 'block primary':
    case 'emfile':
      command(fault.kind === 'emfile' ? 'emfile' : 'block', fault.ms);
      await sleep(fault.ms);
      break;
    case 'clock':
    case 'reject':
      command(fault.kind);
      break;
    case 'lone signal':
      signal(pid, scenario.stop.signal);
      break;
    case 'reload':
      signal(pid, 'SIGHUP');
      break;
  }
  entry.until = monotonic();
}

/** A worker that listens and has not had its end, counted from the oldest; or the primary. */
function victim({ kind, target }: Fault, { workers }: Scenario, program: Program): number | undefined {
  if (workers === 0 || kind.includes('primary') || kind === 'reload') return program.pid;
  const alive = new Set(program.alive());
  return [
    ...new Set(
      program
        .evidence()
        .all('listening')
        .map(({ pid }) => pid),
    ),
  ].filter((pid) => alive.has(pid))[target];
}

const isReady = (program: Program): boolean => program.evidence().all('ready').length > 0;
