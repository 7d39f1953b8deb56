import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load } from './load.ts';
import type { LoadOptions } from '../clients/load-options.ts';
import { emptyCounts, type Counts } from '../measure/outcome.ts';
import type { LoadTally } from '../measure/tally.ts';
import type { Target } from '../network/target.ts';

/** Messages to the process with the clients, and from it. */
export type ToRemote =
  | { readonly type: 'start'; readonly target: Target; readonly load: LoadOptions }
  | { readonly type: 'signalled'; readonly at: number }
  | { readonly type: 'stop' }
  | { readonly type: 'expire' };

export type FromRemote =
  | { readonly type: 'state'; readonly counts: Counts; readonly firstRefused: number | null }
  | { readonly type: 'result'; readonly tally: LoadTally };

const program = fileURLToPath(new URL('./remote-load-process.js', import.meta.url));

/** Clients in a process of their own, started by way of another command. Resolves when they are at work. */
export async function startRemoteLoad(
  prefix: readonly string[],
  target: Target,
  load: LoadOptions,
): Promise<Load> {
  const words = [...prefix, process.execPath, program];
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(words[0] ?? '', words.slice(1), {
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let counts = emptyCounts();
  let firstRefused: number | null = null;
  let tally: LoadTally | undefined;
  let stopped = false;

  const send = (message: ToRemote): void => {
    if (child.connected) child.send(message);
  };
  child.on('message', (message: FromRemote) => {
    if (message.type === 'state') ({ counts, firstRefused } = message);
    else ({ tally } = message);
  });
  // A process that could not be started is one that ended without a result.
  const ended = once(child, 'exit').then(
    () => {},
    () => {},
  );
  const started = once(child, 'message');
  send({ type: 'start', target, load });
  await Promise.race([started, ended]);

  return {
    // None: the message would take as long as the signal.
    rush: () => {},
    signalled: (at) => send({ type: 'signalled', at }),
    stop() {
      if (!stopped) send({ type: 'stop' });
      stopped = true;
    },
    expire: () => send({ type: 'expire' }),
    ended,
    get counts() {
      return counts;
    },
    get firstRefused() {
      return firstRefused;
    },
    result() {
      if (!tally) throw new Error(`the clients ended without a result: ${prefix.join(' ')}`);
      return tally;
    },
  };
}
