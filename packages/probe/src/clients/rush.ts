import type { ClientContext, ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

/**
 * As many clients again as open a connection for each request, all at the moment of the signal. Those come in waves,
 * and a server that is signalled between two of them has nobody in its accept queue to reset.
 */
export const rush: ClientKind = {
  kind: 'newConnection',
  clients: (settings) => settings.newConnection,
  start: (context) => context.beforeSignal(() => arrive(context)),
};

function arrive(context: ClientContext): void {
  if (context.stopped) {
    context.ended();
    return;
  }
  const connection = context.connect();
  const bytes = formatRequest(context.target, context.settings.path);
  context.attempt(connection, { bytes, opened: true }, () => {
    connection.close();
    context.ended();
  });
}
