import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, type Child } from './child.ts';
import { sleep } from './clock.ts';

export interface Nginx {
  readonly child: Child;
  /** Process ids of its workers. */
  readonly workers: () => readonly number[];
  readonly end: () => Promise<void>;
}

/** A limit that no run reaches: nginx ends a connection of its own accord after 1,000 requests. */
const ENDLESS = 'keepalive_requests 1000000000;';

/**
 * Starts nginx in the foreground with one worker.
 *
 * @param upstream - the port of a server to pass requests to, over connections that are kept; it answers itself if
 * undefined
 */
export async function startNginx(port: number, upstream?: number): Promise<Nginx> {
  const directory = mkdtempSync(join(tmpdir(), 'graceful-nginx-'));
  const file = join(directory, 'conf');
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join(' ');
  const location =
    upstream === undefined
      ? 'return 200 "0";'
      : 'proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";';
  const app =
    upstream === undefined
      ? ''
      : `upstream app { server 127.0.0.1:${upstream} max_fails=0; keepalive 64; ${ENDLESS} }`;
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${directory}/pid; error_log ${directory}/errors;
    events { worker_connections 1024; }
    http { access_log off; ${paths} ${ENDLESS} ${app} server { listen 127.0.0.1:${port}; location / { ${location} } } }`,
  );
  const child = startChild(['nginx', '-c', file, '-e', `${directory}/errors`]);
  const workers = (): readonly number[] =>
    readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim().split(' ').map(Number);
  for (let tries = 0; tries < 200 && !listens(port); tries += 1) await sleep(20);
  return {
    child,
    workers,
    end: async () => {
      process.kill(child.pid, 'SIGTERM');
      await child.exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const ESTABLISHED = '01';
const LISTEN = '0A';

/** The lines of Linux's table of TCP over IPv4 that have this state. */
function sockets(state: string): readonly (readonly string[])[] {
  return readFileSync('/proc/net/tcp', 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === state);
}

const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');

function listens(port: number): boolean {
  return sockets(LISTEN).some(([, local]) => local?.endsWith(`:${hex(port)}`));
}

/** Local ports of the connections that clients on this machine have to a port. */
export function connectionsTo(port: number): ReadonlySet<string> {
  return new Set(
    sockets(ESTABLISHED)
      .filter(([, , remote]) => remote?.endsWith(`:${hex(port)}`))
      .map(([, local = '']) => local),
  );
}
