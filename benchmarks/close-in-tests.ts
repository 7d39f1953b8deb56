// What does a test suite wait for a stop within its process, with an idle keep-alive client of its own?
//   npm run bench -- close-in-tests [--runs 15] [--quick]
import { once } from 'node:events';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createCoordinator } from '@graceful-cluster/core';
import { gracefulCluster } from '@graceful-cluster/fastify';
import Fastify from 'fastify';
import { now, sleep } from './helpers/clock.ts';
import { printHeader } from './helpers/machine.ts';
import { formatTime, median } from './helpers/numbers.ts';
import { readOptions } from './helpers/options.ts';
import { printTable } from './helpers/table.ts';

interface Started {
  readonly port: number;
  readonly stop: () => Promise<unknown>;
}

interface Options {
  readonly keepAliveGrace?: number;
}

const starts: Record<string, (options: Options) => Promise<Started>> = {
  'fastify.close(), Fastify alone': () => startFastify(),
  'fastify.close()': (options) => startFastify(options),
  'coordinator.shutdown()': async (options) => {
    const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const coordinator = createCoordinator({ signals: [], ...options });
    coordinator.attach(server);
    const stop = async (): Promise<void> => {
      await coordinator.shutdown();
      coordinator.dispose();
    };
    return { port: (server.address() as AddressInfo).port, stop };
  },
};

const { runs } = readOptions({ runs: [15, 5] });
printHeader('close-in-tests: how long a stop within the process takes', process.execPath);
const rows: string[][] = [];
for (const [name, start] of Object.entries(starts)) {
  const times = [
    await measure(() => start({}), false),
    await measure(() => start({}), true),
    await measure(() => start({ keepAliveGrace: 0 }), true),
  ];
  rows.push([name, ...times]);
}
printTable(['', 'no client', 'idle client', 'idle client, keepAliveGrace: 0'], rows);

async function startFastify(options?: Options): Promise<Started> {
  const app = Fastify();
  if (options !== undefined) void app.register(gracefulCluster, options);
  app.get('/', async () => 'ok');
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: (app.server.address() as AddressInfo).port, stop: async () => app.close() };
}

async function measure(start: () => Promise<Started>, client: boolean): Promise<string> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const { port, stop } = await start();
    const agent = new Agent({ keepAlive: true });
    if (client) {
      const [response] = await once(get({ host: '127.0.0.1', port, agent }), 'response');
      await once(response.resume(), 'end');
    }
    await sleep(20);
    const began = now();
    await stop();
    times.push(now() - began);
    agent.destroy();
  }
  return formatTime(median(times));
}
