// A server for `many`: HTTP/1 that answers at once, or HTTP/2 that never answers; with a coordinator unless PLAIN is
// set. On SIGUSR2 it prints what it has used since the last time: processor time and its longest blocks, in
// milliseconds.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createCoordinator } from '@graceful-cluster/core';
import { watchBlocks, type LongestBlock } from './longest-block.ts';

export interface Used extends LongestBlock {
  /** Of all threads. */
  readonly processor: number;
}

const { PLAIN, KIND } = process.env;
const server =
  KIND === 'http2'
    ? createHttp2Server({ peerMaxConcurrentStreams: 200 }).on('stream', () => {})
    : createServer((_request, response) => response.end('ok'));
let last = process.cpuUsage();
const blocks = watchBlocks();

function used(): string {
  const { user, system } = process.cpuUsage(last);
  const found: Used = { processor: (user + system) / 1_000, ...blocks() };
  last = process.cpuUsage();
  return JSON.stringify(found);
}

if (!PLAIN) {
  const silent = (): void => {};
  const logger = { trace: silent, debug: silent, info: silent, warn: silent, error: silent, fatal: silent };
  const coordinator = createCoordinator({ timeout: 3_000, cleanupTimeout: 500, logger });
  coordinator.attach(server);
  coordinator.on('state', ({ state }) => {
    if (state === 'cleanup') used();
  });
  coordinator.on('stopped', ({ connections }) => console.log(`cut ${connections.cutTotal} ${used()}`));
}
process.on('SIGUSR2', () => console.log(`used ${used()}`));
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));
