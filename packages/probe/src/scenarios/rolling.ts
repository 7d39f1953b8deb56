import { keepAlive } from '../clients/keep-alive.ts';
import { newConnection } from '../clients/new-connection.ts';
import { ProbeError } from '../errors.ts';
import { startProxy } from '../network/proxy.ts';
import { findFreePort } from '../server/ports.ts';
import type { Server } from '../server/server.ts';
import { startServer, type ServerOptions } from '../server/server-process.ts';
import type { Target } from '../network/target.ts';
import { within } from '../measure/within.ts';
import { applicable, type Scenario, type StageContext } from './scenario.ts';

/** Time that the second instance gets to stop, after the measurement. */
const SECOND_EXIT_MS = 1_500;

export const rolling: Scenario = {
  name: 'rolling',
  title: 'Rolling restart',
  description:
    'A second instance takes over, behind a proxy that goes to the next one if one refuses, or on the same port. No client may be refused.',
  kind: 'newConnection',
  clients: [newConnection, keepAlive],
  handsOver: true,
  async check({ target, started, stage }) {
    if (!started) return { missing: 'needs a server that it starts itself' };
    const { server, options } = started;
    if (target.port !== server.port || target.path !== undefined) {
      return { missing: 'no second instance: the server does not listen on the port in PORT' };
    }
    if (stage.rolling === 'proxy' || (await canShare(options, target))) return applicable;
    return { missing: 'no reusePort: the second instance could not listen on the port of the first' };
  },
  async stage(context) {
    return context.stage.rolling === 'proxy' ? stageProxy(context) : stageReusePort(context);
  },
};

async function stageProxy({ server }: StageContext) {
  let second: Server | undefined;
  let proxy: Awaited<ReturnType<typeof startProxy>> | undefined;
  return {
    async start(): Promise<Server> {
      const first = await startServer({ ...server, address: 'found' });
      try {
        second = await startServer({ ...server, address: 'found' });
        proxy = await startProxy([first.target, second.target]);
      } catch (error) {
        await first.destroy();
        throw error;
      }
      return Object.create(first, { target: { value: proxy.target } }) as Server;
    },
    async close(): Promise<void> {
      await end(second);
      proxy?.close();
    },
  };
}

async function stageReusePort({ server }: StageContext) {
  let second: Server | undefined;
  return {
    async start(): Promise<Server> {
      const address = { host: '127.0.0.1', port: await findFreePort() };
      const first = await startServer({ ...server, address });
      try {
        second = await startServer({ ...server, address, watch: true });
      } catch (error) {
        await first.destroy();
        throw error;
      }
      return first;
    },
    close: () => end(second),
  };
}

/** Whether another instance can listen where one does already. */
async function canShare(options: ServerOptions, { host, port }: Target): Promise<boolean> {
  try {
    await end(await startServer({ ...options, address: { host, port }, watch: true }));
    return true;
  } catch (error) {
    if (error instanceof ProbeError && error.code === 'ERR_PROBE_START_FAILED') return false;
    throw error;
  }
}

async function end(server: Server | undefined): Promise<void> {
  if (!server) return;
  server.signal('SIGTERM', false);
  await within(server.exited, SECOND_EXIT_MS);
  await server.destroy();
}
