import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../helpers/free-port.ts';
import type { Owner } from '../helpers/child.ts';

/** A proxy with the settings of docs/proxies.md, in front of two servers. */
export interface Proxy {
  readonly name: string;
  /** Milliseconds between a new server that listens and the next stop. */
  readonly gap: number;
  readonly shutdownDelay: number;
  /** Of the coordinator; its default if not given. */
  readonly keepAliveGrace?: number;
  /** Whether it also sends the handshake of a WebSocket elsewhere. */
  readonly websockets: boolean;
  readonly program: string;
  /** Language of the block in docs/proxies.md, and which of several. */
  readonly block: readonly [language: string, nth: number];
  /** What the block needs around it to be a whole configuration. */
  readonly wrap: (block: string, directory: string) => string;
  readonly start: (file: string, directory: string, port: number) => readonly string[];
}

export interface RunningProxy {
  readonly port: number;
  /** Of the two servers that it has behind it. */
  readonly servers: readonly [number, number];
  /** Resolves when a server behind it answers through it. */
  readonly answers: () => Promise<void>;
}

/** 50 ms apart: Varnish compiles its settings with a C compiler, which takes long on a busy machine. */
const MAX_TRIES = 1_200;

const modules = 'mpm_event authz_core slotmem_shm proxy proxy_http proxy_balancer lbmethod_byrequests';

const varnish = {
  program: 'varnishd',
  wrap: (block: string): string => block,
  start: (file: string, directory: string, port: number): readonly string[] =>
    `-F -j none -n ${directory}/varnish -s malloc,64m -p backend_idle_timeout=1 -p backend_remote_error_holddown=0 -a 127.0.0.1:${port} -f ${file}`.split(
      ' ',
    ),
};

export const proxies: readonly Proxy[] = [
  {
    name: 'nginx',
    gap: 0,
    shutdownDelay: 0,
    websockets: true,
    program: 'nginx',
    block: ['nginx', 0],
    wrap: (block, directory) => `daemon off; pid ${directory}/pid; error_log ${directory}/errors;
      events { worker_connections 1024; }
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${directory}/${kind};`).join(' ')}
        ${block}
      }`,
    start: (file, directory) => ['-c', file, '-e', `${directory}/errors`],
  },
  {
    name: 'HAProxy',
    gap: 1_500,
    shutdownDelay: 0,
    websockets: true,
    program: 'haproxy',
    block: ['haproxy', 0],
    wrap: (block) => `${block}\n`,
    start: (file) => ['-db', '-f', file],
  },
  {
    name: 'Apache',
    gap: 1_500,
    shutdownDelay: 0,
    websockets: true,
    program: 'apache2',
    block: ['apache', 0],
    wrap: (block, directory) => `
      ${modules.replaceAll(/\w+/g, (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`)}
      Listen 127.0.0.1:8080
      ServerName localhost
      DefaultRuntimeDir ${directory}
      PidFile ${directory}/pid
      ErrorLog ${directory}/errors
      User www-data
      Group www-data
      ${block}`,
    start: (file) => ['-D', 'FOREGROUND', '-f', file],
  },
  {
    name: 'Varnish that tries again',
    gap: 1_000,
    shutdownDelay: 0,
    keepAliveGrace: 2_000,
    websockets: false,
    block: ['vcl', 0],
    ...varnish,
  },
  {
    name: 'Varnish that asks /readyz',
    gap: 1_500,
    shutdownDelay: 1_500,
    websockets: true,
    block: ['vcl', 1],
    ...varnish,
  },
  {
    name: 'Caddy that asks /readyz',
    gap: 1_000,
    shutdownDelay: 1_500,
    websockets: true,
    program: 'caddy',
    block: ['caddy', 0],
    wrap: (block) => `{\nadmin off\n}\nhttp://127.0.0.1:8080 {\n${block}\n}\n`,
    start: (file) => ['run', '--adapter', 'caddyfile', '--config', file],
  },
];

/** Why a proxy can't be run here, or false. */
export function missing({ program }: Proxy): string | false {
  const found = spawnSync('sh', ['-c', `command -v ${program}`], {
    env: { PATH: `${process.env['PATH']}:/usr/sbin` },
  });
  return found.status !== 0 && `${program} is not installed`;
}

function settings([language, nth]: Proxy['block']): string {
  const text = readFileSync(new URL('../../../docs/proxies.md', import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language);
  const block = blocks[nth]?.[2];
  if (block === undefined) throw new Error(`docs/proxies.md has no ${language} block ${nth}`);
  return block;
}

/** Starts a proxy with the ports of the documentation replaced by free ones. It ends with the test. */
export async function startProxy(t: Owner, proxy: Proxy): Promise<RunningProxy> {
  const directory = mkdtempSync(join(tmpdir(), 'graceful-proxy-'));
  // The workers of nginx and Apache give up root.
  chmodSync(directory, 0o755);
  const [port, a, b] = [await freePort(), await freePort(), await freePort()];
  const file = join(directory, 'settings');
  const text = proxy
    .wrap(settings(proxy.block), directory)
    .replaceAll('3001', String(a))
    .replaceAll('3002', String(b))
    .replaceAll('8080', String(port));
  writeFileSync(file, text);
  const output = openSync(join(directory, 'output'), 'a');
  const child = spawn(proxy.program, proxy.start(file, directory, port), {
    stdio: ['ignore', output, output],
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
  });
  const exited = new Promise((resolve) => void child.once('exit', resolve));
  t.teardown(async () => {
    child.kill('SIGTERM');
    await exited;
    rmSync(directory, { recursive: true });
  });
  const answers = async (): Promise<void> => {
    for (let tries = 0; (await statusOf(port)) !== 200; tries += 1) {
      if (tries < MAX_TRIES && child.exitCode === null) await sleep(50);
      else
        throw new Error(`${proxy.name} gives no answer\n${readFileSync(join(directory, 'output'), 'utf8')}`);
    }
  };
  return { port, servers: [a, b], answers };
}

function statusOf(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', () => resolve(undefined));
  });
}
