import type { ClientContext, ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

/**
 * More than a server answers in the time slice that it may get between the last of them and the signal: on a busy
 * machine it made do with 64, and was found to lose nobody.
 */
const TIMES = 4;

/**
 * Four times as many clients as open a connection for each request, all at the moment of the signal. Those come in
 * waves, and a server that is signalled between two of them has nobody in its accept queue to reset.
 */
export const rush: ClientKind = {
  kind: 'newConnection',
  clients: (settings) => TIMES * settings.newConnection,
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
