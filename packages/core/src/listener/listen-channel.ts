import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server } from 'node:net';
import { servesHealthAlone } from '../api/health.ts';

/** Published by Node when a server listens, before its `listening` event (nodejs/node#53136: Node 20.16, 22.3). */
const CHANNEL = 'tracing:net.server.listen:asyncEnd';

/** Calls `visit` with each server that begins to listen, health-only ones left out. Returns a function to stop. */
export function onServerListening(visit: (server: Server) => void): () => void {
  const onMessage = (message: unknown): void => {
    const { server } = message as { readonly server?: unknown };
    if (server instanceof Server && !servesHealthAlone(server)) visit(server);
  };
  subscribe(CHANNEL, onMessage);
  return () => {
    unsubscribe(CHANNEL, onMessage);
  };
}
