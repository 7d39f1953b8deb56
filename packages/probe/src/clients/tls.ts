import { RETRY_DELAY, type ClientContext, type ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

/** Longest time in milliseconds that a client waits before it begins its handshake. */
const LONGEST_DELAY = 200;

/** A TLS connection for each request, with a pause between the TCP connection and the handshake. */
export const tls: ClientKind = {
  kind: 'tls',
  clients: (settings) => settings.tls,
  start: startTls,
};

function startTls(context: ClientContext): void {
  const bytes = formatRequest(context.target, context.settings.path);

  function next(): void {
    if (context.stopped) {
      context.ended();
      return;
    }
    const connection = context.connect(1 + context.random() * LONGEST_DELAY);
    context.attempt(connection, { bytes, opened: true }, ({ outcome }) => {
      connection.close();
      if (outcome === 'answered') next();
      else context.later(RETRY_DELAY, next);
    });
  }
  next();
}
