import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Server } from 'node:net';
import { servesHealthAlone } from '../api/health.ts';

/** Published by Node when a server listens, before its `listening` event (diagnostics_channel, since Node 20.6). */
const CHANNEL = 'tracing:net.server.listen:asyncEnd';

/** Calls back with each server of this process that begins to listen, but those that answer for its health alone. Returns a function that stops it. */
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
