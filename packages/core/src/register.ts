/**
 * `node --import @graceful-cluster/core/register app.js`: the servers of an existing program, and the workers that it
 * forks, stop without losing a request. No line of the program changes; options are in the environment
 * (api/environment.ts).
 */
import type { Server } from 'node:net';
import { setImmediate } from './clock.ts';
import { preloadWorkers } from './cluster/primary/preload.ts';
import { isSupervised, superviseCluster } from './cluster/primary/supervisor.ts';
import { readEnvironment } from './api/environment.ts';
import { resolveOptions } from './api/options.ts';
import { disposeUnused, getCoordinatorOr } from './create.ts';
import { onServerListening } from './listener/listen-channel.ts';
import { guardFromTheStart } from './process/guard.ts';
import { nodeCluster, thisWorker } from './process/node-cluster.ts';
import { isOwned, setTentative } from './shutdown/owners.ts';
import { onFirstThread } from './threads/channel.ts';

/** Checked now: a wrong value must end the start, not the first listener. */
const options = readEnvironment(process.env);
resolveOptions(options);

guardFromTheStart();

/** Whether there is a coordinator for servers in threads. */
let forThreads = false;

/** A tool that had a server for a moment, such as one that looks for a free port, must end by Ctrl-C as ever. */
function letGo(): void {
  setImmediate(() => {
    if (!forThreads && thisWorker() === undefined) disposeUnused();
  });
}

function attach(server: Server): void {
  if (!server.listening) return;
  server.once('close', letGo);
  // Owned already: the server listens again, or the program has attached it to a coordinator.
  if (isOwned(server)) return;
  getCoordinatorOr(options).attach(server);
  setTentative(server, true);
}

onServerListening((server) => {
  // In the same turn: a connection may arrive in the next one, and before Node 24 its HTTP/2 session is in no list.
  if (!isScheduling()) attach(server);
  // By then the round-robin scheduler has taken the handle away from a server of its own.
  else setImmediate(attach, server);
});

// A server may be in a thread alone: the main thread hears the signal.
onFirstThread(() => {
  forThreads = true;
  getCoordinatorOr(options);
});

/** Whether this process is the primary of a cluster, which opens listeners for its workers as servers of its own. */
function isScheduling(): boolean {
  return thisWorker() === undefined && Object.keys(nodeCluster().workers ?? {}).length > 0;
}

if (thisWorker() === undefined) {
  preloadWorkers(import.meta.filename);
  // One tick after the first worker was forked: long before it can ask for a listener.
  nodeCluster().once('fork', () => {
    if (!isSupervised()) superviseCluster(options);
  });
}
