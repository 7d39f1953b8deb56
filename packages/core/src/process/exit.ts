import { clearTimeout, now, setTimeout } from '../clock.ts';
import { unholdServers } from '../node-internals/unhold.ts';
import { whenWorkBegins } from './begins-work.ts';
import { notice } from './notice.ts';
import { shared } from './registry.ts';
import { runningStops, stopsChanged, watchStops } from './stops.ts';

/** Longest wait in milliseconds for what the loop still holds, such as the transport of a logger. */
const FLUSH_MS = 100;

/** Node's exit code of a process with a top-level `await` that is not settled. */
const UNSETTLED_AWAIT = 13;

/** Time between two looks at a slow reader, in milliseconds. */
const LOOK_MS = 10;

/** Longest wait in milliseconds for a slow reader of stdout and stderr: a pipe holds 64 kB, Node keeps the rest. */
const SLOW_READER_MS = 1_000;

/**
 * How the process ends, once no stop runs any more:
 * - `code`: the worst that a coordinator gave when it was done
 * - `least`: the worst of a report
 * - `asked`: the code that the program gave to a `process.exit()` which was deferred
 * - `until`: the end of all time that the coordinators were given, on the clock of `now()`
 * - `program`: 1 if the program has begun a stop of its own, which ends by itself
 * - `pending`: promises of signal listeners of the program that are not settled
 * - `expected`: coordinators that will give a code when their stop is over
 */
const state = shared<Map<'code' | 'least' | 'asked' | 'until' | 'program' | 'pending' | 'expected', number>>(
  'exit',
  Map,
);
let timer: NodeJS.Timeout | undefined;
let emptied = false;
/** The exit code when the loop was empty. */
let codeBefore: typeof process.exitCode;

/** Makes the process end with this code at least, also where the program exits by itself. */
export function keepExitCode(code: number): void {
  state.set('least', Math.max(state.get('least') ?? 0, code));
  process.off('exit', keepCode);
  process.on('exit', keepCode);
}

/**
 * Ends the process when no stop runs any more, with the worst of the codes that were given, or the program's own.
 *
 * @param until - when the time is up that the coordinator was given, on the clock of `now()`
 */
export function exitWith(code: number, until: number): void {
  keepExitCode(code);
  state.set('code', Math.max(state.get('code') ?? 0, code));
  state.set('until', Math.max(state.get('until') ?? 0, until));
  leave();
}

/** Ends the process as soon as it may: the program has called `process.exit(code)`, or sent itself the signal. */
export function askToExit(code: number): void {
  state.set('asked', Math.max(state.get('asked') ?? 0, code));
  leave();
}

/** Leaves the end to the program, which stops by itself: it exits, its loop is empty, or the time is up. */
export function leaveEndToProgram(): void {
  state.set('program', 1);
}

/** Keeps the process from ending before the promise is settled, or the time is up. */
export function awaitProgram(promise: Promise<unknown>): void {
  state.set('pending', (state.get('pending') ?? 0) + 1);
  // A rejection stays unhandled, as the program left it.
  void promise.finally(() => {
    state.set('pending', (state.get('pending') ?? 0) - 1);
    leave();
  });
}

/** Whether the process is about to exit, or to decide on it: its stop is over, and the code not given yet. */
export function isLeaving(): boolean {
  return hasCode() || isExpected();
}

const hasCode = (): boolean => state.has('code') || state.has('asked');

const isExpected = (): boolean => (state.get('expected') ?? 0) > 0;

watchStops(leave);

/**
 * Keeps this package from ending the process, and what it has noted of the end, until the returned function is called or
 * the time is up: the report of a stop comes before its exit. An empty loop ends the process all the same.
 *
 * @param until - on the clock of `now()`
 */
export function expectExit(until: number): () => void {
  state.set('expected', (state.get('expected') ?? 0) + 1);
  const limit = setTimeout(release, Math.max(0, until - now())).unref();
  let released = false;
  return release;

  function release(): void {
    if (released) return;
    released = true;
    clearTimeout(limit);
    state.set('expected', (state.get('expected') ?? 0) - 1);
    // `leave`, and those that guard the process until then.
    stopsChanged();
  }
}

function leave(): void {
  if (runningStops().length > 0 || isExpected()) return;
  if (!hasCode()) {
    // A stop by `shutdown()` alone: the program goes on.
    state.delete('program');
    return;
  }
  const worst = Math.max(state.get('code') ?? 0, state.get('asked') ?? 0);
  // A code that the program set is kept.
  if (Number(process.exitCode ?? 0) === 0) process.exitCode = worst;
  process.off('beforeExit', onEmptyLoop);
  // In front of the program's.
  process.prependListener('beforeExit', onEmptyLoop);
  setTimer();
}

/** Unreferenced: where nothing else holds the loop, the process ends sooner. */
function setTimer(): void {
  const left = timeLeft();
  // After the first `beforeExit` nothing holds the loop but what its listeners began, such as an agent that sends
  // spans.
  const byProgram = emptied || state.get('program') === 1 || (state.get('pending') ?? 0) > 0;
  clearTimeout(timer);
  if (byProgram && !state.has('asked')) {
    // A health or metrics server on a port of its own is no cleanup, and would hold the loop to the end; but a listener
    // of the program that is not settled may wait for it.
    if ((state.get('pending') ?? 0) === 0) unholdServers();
    timer = setTimeout(endInTime, left).unref();
  } else timer = setTimeout(flushAndExit, Math.min(FLUSH_MS, left), Math.min(SLOW_READER_MS, left)).unref();
}

const timeLeft = (): number => Math.max(0, (state.get('until') ?? now() + SLOW_READER_MS) - now());

function endInTime(): void {
  notice('the stop of the program itself had not ended when the time was up (docs/signals.md)');
  flushAndExit(0);
}

function flushAndExit(limit: number): void {
  const end = now() + limit;
  const exit = (): void => {
    if (unwritten() > 0 && now() < end) setTimeout(exit, LOOK_MS);
    else process.exit();
  };
  exit();
}

/** Replaces the code of a `process.exit(0)` of the program, after a shutdown that was not clean. */
function keepCode(code: number): void {
  const worst = state.get('least') ?? 0;
  if (code === 0 && worst > 0) process.exitCode = worst;
}

/**
 * Exits on a `beforeExit` in which no listener of the program begins anything. Node would do so too, but where a top-level
 * `await` is not settled, Node 22 and later make 13 of code 0; `await fastify.listen()` of a worker that starts while its
 * cluster stops is such a one.
 */
function onEmptyLoop(): void {
  if (timeLeft() === 0) process.exit();
  emptied = true;
  // After `process.exit()` of the program nothing is waited for: in plain Node it would have been the end.
  if (!state.has('asked')) setTimer();
  codeBefore = process.exitCode;
  process.off('exit', takeBackUnsettled);
  // Node emits the event again when what began is done; a promise alone holds no loop.
  whenWorkBegins(
    () => process.on('exit', takeBackUnsettled),
    () => process.exit(),
  );
}

function takeBackUnsettled(code: number): void {
  if (code === UNSETTLED_AWAIT) process.exit(codeBefore);
}

/** Bytes that were written to stdout and stderr and that the kernel has not taken yet. */
function unwritten(): number {
  try {
    return process.stdout.writableLength + process.stderr.writableLength;
  } catch {
    return 0;
  }
}
