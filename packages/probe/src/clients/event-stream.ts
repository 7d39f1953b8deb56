import type { ClientKind } from './client.ts';
import { startOneByOne } from './new-connection.ts';

/** Client that always has one event stream open. A stream is answered when the server ends it as the protocol asks. */
export const eventStream: ClientKind = {
  kind: 'eventStream',
  clients: (settings) => settings.eventStream,
  start: (context) =>
    startOneByOne(context, { path: context.settings.eventsPath, headers: ['Accept: text/event-stream'] }),
};
