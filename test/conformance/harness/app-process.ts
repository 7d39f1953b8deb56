import type { ShutdownReport } from '@graceful-cluster/core';
import { startChild, type Owner } from '../../helpers/child.ts';
import type { AppOptions } from './protocol.ts';
import { connectClient, type Client, type ClientOptions } from './raw-client.ts';

/** An app under test, in a process of its own. */
export interface App {
  readonly connect: (options?: Omit<ClientOptions, 'port' | 'tls'>) => Promise<Client>;
  /** Waits until the app has told this `nth` times. See `protocol.ts`. */
  readonly told: (words: string, nth?: number) => Promise<unknown>;
  /** Waits until a handler runs for each of these URLs. */
  readonly handling: (...urls: string[]) => Promise<void>;
  /** When it resolves, the app has read everything that was sent before, on any connection. */
  readonly caughtUp: () => Promise<void>;
  /** Sends SIGTERM, and waits until the shutdown has begun. */
  readonly terminate: () => Promise<void>;
  /** Lets the handlers go on whose URL says `held`. */
  readonly release: () => void;
  /** Waits for the end of the process. */
  readonly stopped: () => Promise<Stopped>;
}

export interface Stopped {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly report: ShutdownReport | undefined;
  /** URLs of the requests that reached a handler, in order. */
  readonly handled: readonly string[];
  readonly stderr: string;
}

const barrier = '/?caught-up';

/**
 * @param fixture - name of a program in `test/fixtures` that speaks `protocol.ts`
 * @param more - arguments of its own, behind the options
 */
export async function startApp(
  t: Owner,
  fixture: string,
  options: AppOptions,
  ...more: readonly string[]
): Promise<App> {
  const { port, kill, line, lines, exited } = await startChild(t, fixture, { args: [options, ...more] });
  const connect: App['connect'] = (clientOptions) =>
    connectClient({ port, tls: options.tls ?? false, ...clientOptions });

  return {
    connect,
    told: line,
    handling: async (...urls) => {
      for (const url of urls) await line(`handling ${url}`);
    },
    caughtUp: async () => {
      const closed = lines('closed').length;
      const client = await connect();
      client.write(`GET ${barrier} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      await client.response();
      await client.closed();
      await line('closed', closed + 1);
    },
    terminate: async () => {
      kill('SIGTERM');
      await line('state');
    },
    release: () => kill('SIGUSR2'),
    stopped: async () => {
      const { code, signal, stderr } = await exited;
      const [report] = lines('stopped').map((json) => JSON.parse(json) as ShutdownReport);
      const handled = lines('handling').filter((url) => url !== barrier);
      return { code, signal, report, handled, stderr };
    },
  };
}
