import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The sources of the servers: they run as they are. */
export const folder: string = fileURLToPath(new URL('../../../benchmarks/peers/', import.meta.url));

export interface Place {
  readonly node: string;
  /** For whatever it writes. */
  readonly workspace: string;
}

/** A server that can be stopped. `PORT`, `BACKEND_PORT` and `WORKSPACE` are in its environment. */
export interface Contender {
  readonly name: string;
  readonly title: string;
  /** Its file in `servers`, which begins with how it is configured. */
  readonly file: string;
  /** The npm package that it shows, or the Debian package that it is. Neither: Node itself. */
  readonly npm?: string | undefined;
  readonly debian?: { readonly package: string; readonly version: readonly string[] } | undefined;
  readonly command: (place: Place) => readonly string[];
  /** What it knows as its graceful stop. */
  readonly signal: NodeJS.Signals;
  /**
   * Milliseconds from its first connection to the signal, where all of its workers need longer to be there.
   * @defaultValue 1000
   */
  readonly warmup?: number;
  readonly ours: boolean;
}

const pathOf = (file: string): string => join(folder, 'servers', file);

function nodeServer(name: string, title: string, npm?: string): Contender {
  const file = `${name}.js`;
  return {
    name,
    title,
    file,
    npm,
    command: ({ node }) => [node, pathOf(file)],
    signal: 'SIGTERM',
    ours: false,
  };
}

function ourServer(name: string, title: string, npm: string): Contender {
  return { ...nodeServer(name, title, npm), ours: true };
}

function haproxy(name: string, title: string): Contender {
  const file = `${name}.cfg`;
  return {
    name,
    title,
    file,
    debian: { package: 'haproxy', version: ['haproxy', '-v'] },
    command: () => ['haproxy', '-W', '-db', '-f', pathOf(file)],
    signal: 'SIGUSR1',
    ours: false,
  };
}

export const contenders: readonly Contender[] = [
  nodeServer('node-plain', 'Node, no signal handler'),
  nodeServer('node-close', 'Node, `server.close()`'),
  nodeServer('node-cluster', 'Node cluster, `cluster.disconnect()`'),
  nodeServer('terminus', '@godaddy/terminus', '@godaddy/terminus'),
  nodeServer('stoppable', 'stoppable', 'stoppable'),
  nodeServer('http-terminator', 'http-terminator', 'http-terminator'),
  nodeServer('http-graceful-shutdown', 'http-graceful-shutdown', 'http-graceful-shutdown'),
  nodeServer('graceful-server', '@gquittet/graceful-server', '@gquittet/graceful-server'),
  nodeServer('lightship', 'lightship', 'lightship'),
  nodeServer('close-with-grace', 'close-with-grace, Fastify', 'close-with-grace'),
  nodeServer('fastify-graceful-shutdown', 'fastify-graceful-shutdown', 'fastify-graceful-shutdown'),
  nodeServer('express-graceful-exit', 'express-graceful-exit', 'express-graceful-exit'),
  nodeServer('throng', 'throng', 'throng'),
  nodeServer('graceful-cluster', 'graceful-cluster 0.0, no relation', 'graceful-cluster'),
  {
    ...nodeServer('pm2', 'PM2, cluster mode', 'pm2'),
    command: ({ node, workspace }) => {
      const runtime = join(folder, 'node_modules', 'pm2', 'bin', 'pm2-runtime');
      return ['env', `PM2_HOME=${workspace}`, node, runtime, 'start', pathOf('pm2.js'), '-i', '2'];
    },
  },
  {
    name: 'puma',
    title: 'Puma, cluster mode',
    file: 'puma.rb',
    debian: { package: 'puma', version: ['puma', '--version'] },
    command: () => ['puma', '-C', pathOf('puma.rb')],
    warmup: 3_000,
    signal: 'SIGTERM',
    ours: false,
  },
  {
    name: 'gunicorn',
    title: 'gunicorn',
    file: 'wsgi.py',
    debian: { package: 'gunicorn', version: ['gunicorn', '--version'] },
    command: () => ['gunicorn', '--chdir', pathOf(''), '-c', pathOf('wsgi.py')],
    warmup: 3_000,
    signal: 'SIGTERM',
    ours: false,
  },
  {
    name: 'nginx',
    title: 'nginx',
    file: 'nginx.conf',
    debian: { package: 'nginx-light', version: ['nginx', '-v'] },
    command: () => ['sh', pathOf('nginx.sh')],
    signal: 'SIGQUIT',
    ours: false,
  },
  haproxy('haproxy', 'HAProxy'),
  haproxy('haproxy-idle', 'HAProxy, `idle-close-on-response`'),
  ourServer('ours', '@graceful-cluster/core', '@graceful-cluster/core'),
  ourServer('ours-cluster', '@graceful-cluster/core, cluster', '@graceful-cluster/core'),
  ourServer('ours-fastify', '@graceful-cluster/fastify', '@graceful-cluster/fastify'),
  ourServer('ours-express', '@graceful-cluster/express', '@graceful-cluster/express'),
];
