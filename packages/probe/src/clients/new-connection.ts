import { RETRY_DELAY, type ClientContext, type ClientKind } from './client.ts';

/** A connection for each request, and the next one as soon as the answer is there. */
export const newConnection: ClientKind = {
  kind: 'newConnection',
  clients: (settings) => settings.newConnection,
  path: (settings) => settings.path,
  once: true,
  start: startNewConnection,
};

export function startNewConnection(context: ClientContext): void {
  function next(): void {
    if (context.stopped) {
      context.ended();
      return;
    }
    const connection = context.connect();
    context.attempt(connection, true, ({ outcome }) => {
      connection.close();
      if (outcome === 'answered') next();
      else context.later(RETRY_DELAY, next);
    });
  }
  next();
}
