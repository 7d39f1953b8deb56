import { arrivals } from '../clients/arrivals.ts';
import { createNetwork, networkUnavailable } from '../network/network.ts';
import { startRemoteLoad } from '../load/remote-load.ts';
import { startServer } from '../server/server-process.ts';
import { applicable, type CheckContext, type Check, type Scenario } from './scenario.ts';

/** Any port will do: the network namespace is new. */
const PORT = 8_080;

export const midHandshake: Scenario = {
  name: 'mid-handshake',
  title: 'In the middle of the handshake',
  description:
    'Clients arrive at a steady 300 a second from a network that is --rtt away: some are in the middle of their TCP handshake when the signal comes.',
  kind: 'arrivals',
  clients: [arrivals],
  inFlight: true,
  check: async (context) => {
    const missing = whatIsMissing(context);
    return missing === undefined ? applicable : ({ missing } satisfies Check);
  },
  async stage({ server, load, stage }) {
    const network = await createNetwork({ rtt: stage.rtt });
    const target = { host: network.serverAddress, port: PORT };
    const command = [...network.server, ...server.command];
    return {
      start: () => startServer({ ...server, command, address: target, watch: true }),
      load: ({ tls }) => startRemoteLoad(network.client, { ...target, tls }, load),
      close: () => network.close(),
    };
  },
};

function whatIsMissing({ target, started }: CheckContext): string | undefined {
  const server = started?.server;
  if (server?.port === undefined) return 'needs a server that it starts itself';
  if (target.port !== server.port) return 'the server does not listen on the port in PORT';
  if (server.listensOnAll === false) {
    return `the server listens on ${target.host} only, and the clients come from another network`;
  }
  return networkUnavailable();
}
