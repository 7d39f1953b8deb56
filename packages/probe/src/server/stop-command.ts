import { spawn, type ChildProcess } from 'node:child_process';
import { ProbeError } from '../errors.ts';
import { now } from '../measure/attempt.ts';
import { describeExit, type Server } from './server.ts';

const MAX_OUTPUT_CHARACTERS = 2_000;

/**
 * The same server, stopped by a shell command instead of a signal: `docker stop web`. Where its process is not known,
 * it is gone when the command has ended. `exited` rejects with ERR_PROBE_STOP_FAILED if the command fails.
 */
export function stoppedBy(command: string, server: Server): Server {
  let child: ChildProcess | undefined;
  let exit: Server['exit'];
  let resolveEnded: ((ended: Promise<void>) => void) | undefined;
  const ended = new Promise<void>((resolve) => {
    resolveEnded = resolve;
  });
  const exited = Promise.race([server.exited, ended]);
  // Callers that still wait for the exit get the error; without one it must not crash this process.
  exited.catch(() => {});

  function run(): void {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const env = { ...inherited, ...(server.pid === undefined ? {} : { PROBE_PID: String(server.pid) }) };
    child = spawn(command, { shell: true, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-MAX_OUTPUT_CHARACTERS);
      });
    }
    child.once('error', (error) => fail(error.message));
    child.once('close', (code, signal) => {
      if (code !== 0) fail(`it ended, ${describeExit({ code, signal })}\n${output}`);
      else if (server.pid === undefined) succeed();
    });
  }

  function succeed(): void {
    exit = { code: null, signal: null, at: now() };
    resolveEnded?.(Promise.resolve());
  }

  function fail(why: string): void {
    const text = `the stop command failed, ${command}: ${why}`;
    resolveEnded?.(Promise.reject(new ProbeError('ERR_PROBE_STOP_FAILED', text)));
  }

  return Object.create(server, {
    exited: { value: exited },
    exit: { get: () => server.exit ?? exit },
    signal: { value: run },
    destroy: {
      value: (): Promise<void> => {
        child?.kill();
        return server.destroy();
      },
    },
  }) as Server;
}
