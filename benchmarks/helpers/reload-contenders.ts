import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/helpers/free-port.ts';
import { startChild } from './child.ts';
import { now, sleep } from './clock.ts';
import { connectionsTo, startNginx } from './nginx.ts';
import { startPm2 } from './pm2.ts';
import { modes, type Mode } from './soak-options.ts';

export interface Reloaded {
  readonly replaced: number;
  readonly killed: number;
  /** Connections that went from an old worker to a new one. */
  readonly moved: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** A service that is reloaded again and again. */
export interface Reloadable {
  readonly port: number;
  readonly reload: () => Promise<Reloaded>;
  /** Workers so far, the oldest first; none where that is not known. */
  readonly pids: () => readonly number[];
  /** @returns the exit code */
  readonly stop: () => Promise<number | null>;
  /** Kills what is left. */
  readonly end: () => Promise<void>;
}

export interface ReloadOptions {
  readonly node: string;
  readonly workers: number;
  readonly mode: Mode;
}

export const contenders = {
  ours: 'superviseCluster, reload()',
  plain: 'node:cluster, rolled as in its documentation',
  pm2: 'PM2 reload, server.close() on SIGINT',
  'pm2-ours': 'PM2 reload, a coordinator in the worker',
  nginx: 'nginx, reload (SIGHUP)',
} as const;

export type ContenderName = keyof typeof contenders;

const LIMIT_MS = 60_000;

const starts: Readonly<Record<ContenderName, (options: ReloadOptions) => Promise<Reloadable>>> = {
  ours: ({ node, workers, mode }) => {
    const { OPTIONS = '{}', SERVER = '{"keepAliveTimeout":60000}' } = process.env;
    const env = { PORT: '0', WORKERS: String(workers), MODE: modes[mode], OPTIONS, SERVER };
    return startCluster(node, '../../test/fixtures/cluster/server.js', env);
  },
  plain: ({ node, workers }) => startCluster(node, 'rolling-cluster.js', { WORKERS: String(workers) }),
  pm2: (options) => startUnderPm2(options, { PLAIN: '1' }),
  'pm2-ours': (options) => startUnderPm2(options, {}),
  nginx: startNginxAlone,
};

export function startContender(name: ContenderName, options: ReloadOptions): Promise<Reloadable> {
  return starts[name](options);
}

async function startCluster(
  node: string,
  program: string,
  env: Readonly<Record<string, string>>,
): Promise<Reloadable> {
  const child = startChild([node, fileURLToPath(new URL(program, import.meta.url))], { env });
  const [, port] = await child.find(/listening on http:\/\/127\.0\.0\.1:(\d+)\n/, LIMIT_MS);
  let done = 0;
  return {
    port: Number(port),
    reload: async () => {
      process.kill(child.pid, 'SIGUSR2');
      for (;;) {
        const failure = /^not reloaded .*$/m.exec(child.stdout());
        if (failure !== null) throw new Error(failure[0]);
        const line = [...child.stdout().matchAll(/^reloaded (.*)$/gm)][done];
        if (line !== undefined) {
          done += 1;
          return JSON.parse(line[1] ?? '') as Reloaded;
        }
        await sleep(20);
      }
    },
    pids: () => [...child.stdout().matchAll(/^worker (\d+)$/gm)].map(([, pid]) => Number(pid)),
    stop: async () => {
      process.kill(child.pid, 'SIGTERM');
      return (await child.exited).code;
    },
    end: child.end,
  };
}

async function startUnderPm2(
  { node, workers }: ReloadOptions,
  env: Readonly<Record<string, string>>,
): Promise<Reloadable> {
  const port = await freePort();
  const pm2 = await startPm2(node, { ...env, PORT: String(port) }, workers);
  const stop = async (): Promise<number> => {
    await pm2.end();
    return 0;
  };
  return {
    port,
    reload: async () => {
      const start = now();
      await pm2.reload();
      return { replaced: workers, killed: 0, moved: 0, duration: now() - start };
    },
    pids: () => [],
    stop,
    end: async () => void (await stop()),
  };
}

async function startNginxAlone(): Promise<Reloadable> {
  const port = await freePort();
  const nginx = await startNginx(port);
  return {
    port,
    reload: async () => {
      const start = now();
      const old = nginx.workers();
      process.kill(nginx.child.pid, 'SIGHUP');
      while (nginx.workers().some((pid) => old.includes(pid))) await sleep(5);
      return { replaced: old.length, killed: 0, moved: 0, duration: now() - start };
    },
    pids: () => [],
    stop: async () => {
      await nginx.end();
      return 0;
    },
    end: nginx.child.end,
  };
}

/** The same behind nginx, which keeps its connections to it. */
export interface Proxied extends Reloadable {
  /** Of the connections that nginx had at first, how many are gone. */
  readonly closed: () => number;
}

/** Call `settled` once requests are on their way: the connections of that moment are the ones to look for. */
export async function putBehindNginx(
  service: Reloadable,
): Promise<Proxied & { readonly settled: () => void }> {
  const port = await freePort();
  const nginx = await startNginx(port, service.port);
  let first: ReadonlySet<string> = new Set();
  return {
    ...service,
    port,
    settled: () => {
      first = connectionsTo(service.port);
    },
    closed: () => {
      const last = connectionsTo(service.port);
      return [...first].filter((local) => !last.has(local)).length;
    },
    stop: async () => {
      await nginx.end();
      return service.stop();
    },
    end: async () => {
      await nginx.child.end();
      await service.end();
    },
  };
}
