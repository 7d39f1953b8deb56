import { RETRY_DELAY_MS, type ClientContext, type ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

/** Longest pause between the TCP connection and the TLS handshake. */
const MAX_DELAY_MS = 200;

/** Client that opens a TLS connection for each request, with a pause between the TCP connection and the handshake. */
export const tls: ClientKind = {
  kind: 'tls',
  clients: (settings) => settings.tls,
  start: startTls,
};

function startTls(context: ClientContext): void {
  const bytes = formatRequest(context, context.settings.path);

  function next(): void {
    if (context.stopped) {
      context.ended();
      return;
    }
    const connection = context.connect(1 + context.random() * MAX_DELAY_MS);
    context.attempt(connection, { bytes, opened: true }, ({ outcome }) => {
      connection.close();
      if (outcome === 'answered') next();
      else context.later(RETRY_DELAY_MS, next);
    });
  }
  next();
}
