import { RETRY_DELAY_MS, type ClientContext, type ClientKind } from './client.ts';
import type { Connection } from './connection.ts';
import { formatRequest } from './request.ts';

/**
 * Client that sends requests on one connection, with a pause for thought before each. Opens a new connection when the
 * server closed the old one or announced that it will.
 */
export const keepAlive: ClientKind = {
  kind: 'keepAlive',
  clients: (settings) => settings.keepAlive,
  start: startKeepAlive,
};

function startKeepAlive(context: ClientContext): void {
  const bytes = formatRequest(context, context.settings.path);
  let connection: Connection | undefined;
  const think = (): number => context.random() * context.settings.thinkTime;

  function next(late: boolean): void {
    if (context.stopped) {
      connection?.close();
      context.ended();
      return;
    }
    if (late) connection?.close();
    const open = connection?.reusable ? connection : undefined;
    connection = open ?? context.connect();
    context.attempt(connection, { bytes, opened: !open }, ({ outcome }) =>
      context.pause(outcome === 'answered' ? think() : RETRY_DELAY_MS, next),
    );
  }

  context.pause(think(), next);
}
