import type { EventEmitter } from 'node:events';
import { fstatSync, readFileSync } from 'node:fs';
import { shared } from './registry.ts';

/** Codes of a write to a channel whose other end is gone. */
const closed: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ECONNRESET',
  'ERR_IPC_CHANNEL_CLOSED',
  'ERR_IPC_DISCONNECTED',
]);

/** The listeners of `ignoreBrokenPipe`, of each copy of this package. */
const ours = shared<Set<unknown>>('broken pipe listeners', Set);

/** O_NONBLOCK on Linux, as `/proc/<pid>/fdinfo` has it. */
const NON_BLOCKING = 0o4000;

/**
 * Ignores errors of a channel whose other end is gone. Other errors are thrown as without this, unless the program has a
 * listener of its own.
 */
export function ignoreBrokenPipe(channel: EventEmitter): () => void {
  const onError = function (this: EventEmitter, error: unknown): void {
    const broken = error instanceof Error && 'code' in error && closed.has(error.code);
    if (!broken && this.listeners('error').every((listener) => ours.has(listener))) throw error;
  };
  ours.add(onError);
  channel.on('error', onError);
  return () => {
    ours.delete(onError);
    channel.off('error', onError);
  };
}

/**
 * Ignores errors of stdout and stderr: a log line in the middle of a drain must not end it. Ctrl-C in
 * `node app.js | tee log` ends the reader too, and the primary of a cluster may have held the other end.
 * `console.log` ignores the first error of a stream, and not the next one, which would be an uncaught exception.
 */
export function guardOutput(): () => void {
  const guarded = new Set<Partial<EventEmitter>>();
  const guard = (stream: Partial<EventEmitter>): void => {
    // A program may have put something else in its place.
    if (guarded.has(stream) || typeof stream.on !== 'function' || typeof stream.off !== 'function') return;
    guarded.add(stream);
    stream.on('error', ignore);
  };
  const ends = (['stdout', 'stderr'] as const).map((name, index) => {
    if (!isMade(index + 1)) return whenMade(name, guard);
    guard(process[name]);
    return ignore;
  });
  return () => {
    for (const end of ends) end();
    for (const stream of guarded) stream.off?.('error', ignore);
  };
}

/** Streams that `isMade` took for ones that are not made: they are guarded at the first look at them. */
const unmade = new Set<'stdout' | 'stderr'>();

/**
 * Guards what is not guarded yet, at an error that nothing caught; returns whether that may be one of stdout or stderr. A
 * child with the same pipe makes it blocking again, and `isMade` sees no stream then.
 */
export function guardUnmade(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (unmade.size === 0 || syscall !== 'write' || !closed.has(code)) return false;
  for (const name of unmade) void process[name];
  return true;
}

/** Calls back when Node makes its stream of stdout or stderr, which it does at the first look at it. */
function whenMade(name: 'stdout' | 'stderr', made: (stream: NodeJS.WriteStream) => void): () => void {
  const own = Object.getOwnPropertyDescriptor(process, name);
  if (own?.get === undefined || own.configurable !== true) return ignore;
  let over = false;
  unmade.add(name);
  const get = (): NodeJS.WriteStream => {
    putBack();
    const stream = process[name];
    if (!over) made(stream);
    return stream;
  };
  function putBack(): void {
    unmade.delete(name);
    if (own !== undefined && Object.getOwnPropertyDescriptor(process, name)?.get === get)
      Object.defineProperty(process, name, own);
  }
  Object.defineProperty(process, name, { ...own, get });
  return () => {
    over = true;
    putBack();
  };
}

/**
 * Whether Node has made its stream of stdout or stderr, as far as that can be seen. Making it turns a pipe or a socket non-blocking,
 * and a program that writes to the descriptor by `fs.writeSync` gets EAGAIN from then on.
 */
function isMade(fd: number): boolean {
  try {
    const file = fstatSync(fd);
    if (!file.isFIFO() && !file.isSocket()) return true;
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
    return flags === undefined || (Number.parseInt(flags, 8) & NON_BLOCKING) !== 0;
  } catch {
    // No such descriptor, or no /proc.
    return true;
  }
}

function ignore(): void {}
