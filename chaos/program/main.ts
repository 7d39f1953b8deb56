// The program of a scenario, a single process or a cluster: `node main.js <folder>`, where the folder has
// scenario.json. Whatever it does it notes in the folder's evidence, see ../evidence.ts.
import cluster from 'node:cluster';
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { ListenOptions, Socket } from 'node:net';
import { superviseCluster, type CoordinatorOptions } from '@graceful-cluster/core';
import { WebSocketServer } from 'ws';
import { createBehaviours } from '../../test/fixtures/beside/behaviours.ts';
import { isCluster, type Scenario } from '../scenario.ts';
import { obeyCommands } from './commands.ts';
import { note, noteWaits } from './evidence.ts';
import { addHooks } from './hooks.ts';
import { serve, type Served } from './ways.ts';

const LATE_MS = 50;

const folder = process.argv[2] ?? '.';
const scenario = JSON.parse(readFileSync(`${folder}/scenario.json`, 'utf8')) as Scenario;
const { model, way, behaviour, hooks } = scenario;
const seal = scenario.seal === 'off' ? 'auto' : scenario.seal;
const options: CoordinatorOptions = { ...scenario.options, seal };

note('born');
noteWaits();
watchStops();
process.on('exit', (code) => note('exit', code));
obeyCommands(folder);
if (isCluster(scenario) && cluster.isPrimary) startPrimary();
else await startServer();

function startPrimary(): void {
  if (model === 'shared') cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.on('fork', (worker) => note('forked', worker.process.pid));
  const keep = (): void => {
    cluster.on('exit', ({ exitedAfterDisconnect }) => exitedAfterDisconnect || cluster.fork());
    for (let count = 0; count < scenario.workers; count += 1) cluster.fork();
  };
  if (model === 'foreign') {
    keep();
    process.on(scenario.stop.signal, () => cluster.disconnect());
  } else if (way === 'register') {
    keep();
    // The supervisor is there one tick after the first fork.
  } else {
    const supervisor = superviseCluster({ ...options, workers: scenario.workers, reloadSignal: 'SIGHUP' });
    addHooks(supervisor, hooks);
  }
  note('ready');
}

/** Of all coordinators of the process, however many copies of the package made them. */
function watchStops(): void {
  subscribe('graceful-cluster:shutdown:closing', () => note('closing'));
  subscribe('graceful-cluster:shutdown:stopped', (report) => note('report', JSON.stringify(report)));
}

async function startServer(): Promise<void> {
  const sockets = new Set<Socket>();
  let served: Served | undefined;
  const clean = (): void => note('cleaned');
  const listener = (): void => {
    note('behaves', behaviour);
    if (served !== undefined) void createBehaviours(clean)[behaviour]?.(served.server, sockets);
  };
  const behaves = behaviour !== 'none';
  const before = behaviour.endsWith('before ours');
  if (behaves && before) process.once(scenario.stop.signal, listener);
  served = await serve(way, scenario.protocol, options);
  const { server, coordinator } = served;
  note('served');
  if (behaviour === 'destroying idle sockets') followSockets(server, sockets);
  if (behaves && !before) process.once(scenario.stop.signal, listener);
  if (model === 'single' && way !== 'register') addHooks(coordinator(), hooks);
  if (scenario.protocol === 'http') acceptWebSockets(server);
  server.on('connection', (socket: Socket) => note('connection', socket.remotePort ?? 0));
  server.on('secureConnection', (socket: Socket) => note('secure', socket.remotePort ?? 0));
  server.once('listening', () => {
    if (model === 'single' && way === 'register') setImmediate(() => addHooks(coordinator(), hooks));
    const address = server.address();
    note('listening', typeof address === 'string' ? address : (address?.port ?? 0));
  });
  served.listen(whereToListen());
  if (served.attach !== undefined) setTimeout(served.attach, LATE_MS);
}

function whereToListen(): ListenOptions {
  if (scenario.address === 'inherited') return { fd: 3 } as ListenOptions;
  if (scenario.address === 'unix') return { path: `${folder}/socket` };
  const port = Number(process.env['CHAOS_PORT'] ?? 0);
  return { host: '127.0.0.1', port, ...(model === 'reuse-port' && { reusePort: true }) };
}

function acceptWebSockets(server: Server): void {
  const websockets = new WebSocketServer({ server });
  websockets.on('connection', (websocket) => {
    websocket.on('message', (message) => websocket.send(message));
    websocket.on('error', () => {});
  });
}

function followSockets(server: Server, sockets: Set<Socket>): void {
  server.on(scenario.protocol === 'https' ? 'secureConnection' : 'connection', (socket: Socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
  });
  server.prependListener('request', (_request, response) => {
    const { socket } = response;
    Object.assign(socket ?? {}, { busy: true });
    response.once('close', () => Reflect.deleteProperty(socket ?? {}, 'busy'));
  });
}
