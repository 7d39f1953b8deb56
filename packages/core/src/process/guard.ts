import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import { now } from '../clock.ts';
import { askToExit } from './exit.ts';
import { guardOnce, isStopping } from './guarded.ts';
import { notice } from './notice.ts';
import { shared } from './registry.ts';
import { runningStops, unfinishedStops, type Stop } from './stops.ts';

/** How long a signal that the process sent to its whole group may be on its way to itself, in milliseconds. */
const ON_ITS_WAY_MS = 1_000;

/** Signals that the process sent to its group, and when: the next of that name is its own. */
const sent = shared<Map<string, number>>('signals sent', Map);

let always = false;

guardOnce('exit and kill', () => {
  const end = always ? undefined : guardExitAndKill();
  process.on('exit', tellOfExit);
  return () => {
    process.off('exit', tellOfExit);
    end?.();
  };
});

/**
 * Guards `process.exit` and `process.kill` from now on, so that a program which takes hold of them at its start
 * (`const { exit } = process`) has the guarded ones.
 */
export function guardFromTheStart(): void {
  if (always) return;
  always = true;
  guardExitAndKill();
}

/** Reports an exit by Node's own `process.exit`, which the program had taken hold of before the guard began. */
function tellOfExit(code: number): void {
  const unfinished = unfinishedStops();
  if (unfinished.length === 0) return;
  tellOfAbort(`an exit with code ${code}`, unfinished);
  if (code === 0) process.exitCode = 1;
}

function tellOfAbort(what: string, unfinished: readonly Stop[]): void {
  const open = unfinished.map((stop) => stop.describe()).filter((text) => text !== '');
  notice(`${what} cut the shutdown short: ${open.join('; ') || 'nothing was in flight'}`);
}

/**
 * While a stop runs, a library that is done with its own part must not end the process in the middle of ours: neither
 * by `process.exit()` nor by sending itself the signal again.
 */
function guardExitAndKill(): () => void {
  // Called on the process.
  // oxlint-disable-next-line typescript/unbound-method
  const { exit, kill } = process;

  // An explicit undefined would take back the exit code that is set.
  const guardedExit = (...args: [code?: number | string | null]): never => {
    const [code] = args;
    const number = Number(code ?? process.exitCode ?? 0);
    const unfinished = unfinishedStops();
    if (unfinished.length === 0) return exit.apply(process, args);
    const isDone = number === 0 || isStopCode(number);
    const what = `process.exit(${number})`;
    for (const stop of unfinished) stop.note(what, isDone ? 'deferred' : 'aborted');
    if (isDone) {
      askToExit(number);
      return undefined as never;
    }
    tellOfAbort(`${what} of the program`, unfinished);
    process.off('exit', tellOfExit);
    return exit.apply(process, args);
  };

  const guardedKill = (pid: number, signal?: string | number): true => {
    const name = nameSignal(signal);
    if (name === undefined || !isWatched(name) || !isStopping()) {
      return kill.call(process, pid, signal);
    }
    if (pid === process.pid) {
      for (const stop of runningStops()) stop.note(`process.kill(process.pid, '${name}')`, 'deferred');
      askToExit(0);
      return true;
    }
    // The group may be the process's own.
    if (pid <= 0) sent.set(name, now());
    return kill.call(process, pid, signal);
  };

  try {
    Object.assign(process, { exit: guardedExit, kill: guardedKill });
  } catch (error) {
    notice(`an exit of the program will cut a stop short: ${String(error)}`);
  }
  // Without this, `import { exit } from 'node:process'` would still be Node's own function.
  syncBuiltinESMExports();
  // A function that was replaced again since stays, and lets everything through.
  return () => {
    if (process.exit === guardedExit) process.exit = exit;
    if (process.kill === guardedKill) process.kill = kill;
    syncBuiltinESMExports();
  };
}

/** Whether a signal that came is one that the process sent to its group a moment ago. */
export function isOwnSignal(signal: NodeJS.Signals): boolean {
  const since = sent.get(signal);
  sent.delete(signal);
  return since !== undefined && now() - since < ON_ITS_WAY_MS;
}

function isWatched(signal: string): boolean {
  return shared<Map<string, unknown>>('signals', Map).has(signal);
}

function nameSignal(signal: string | number = 'SIGTERM'): string | undefined {
  if (typeof signal === 'string') return signal;
  return Object.entries(constants.signals).find(([, number]) => number === signal)?.[0];
}

/** Whether a code says that a signal which begins a stop has ended the process: any of them, several may have come. */
function isStopCode(code: number): boolean {
  const signals = [...shared<Map<NodeJS.Signals, unknown>>('signals', Map).keys()];
  return signals.some((signal) => signalExitCode(signal) === code);
}

/** The exit code of a process that a signal ended, as a shell reports it: 128 + its number. */
export function signalExitCode(signal: NodeJS.Signals | undefined): number | undefined {
  return signal === undefined ? undefined : 128 + constants.signals[signal];
}
