import type { ClientContext, ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

/**
 * Four times: more than a server answers in the time slice that it may get between the last connection and the signal.
 * On a busy machine a server answered 64 in that time, and the probe found no loss.
 */
const TIMES_THE_CLIENTS = 4;

/**
 * Clients that all open a connection at the moment of the signal. Those of `new-connection` arrive in waves, and a
 * server that is signalled between two waves has an empty accept queue, and so nothing to reset.
 */
export const rush: ClientKind = {
  kind: 'newConnection',
  clients: (settings) => TIMES_THE_CLIENTS * settings.newConnection,
  start: (context) => context.beforeSignal(() => arrive(context)),
};

function arrive(context: ClientContext): void {
  if (context.stopped) {
    context.ended();
    return;
  }
  const connection = context.connect();
  const bytes = formatRequest(context, context.settings.path);
  context.attempt(connection, { bytes, opened: true }, () => {
    connection.close();
    context.ended();
  });
}
