import type { ClientKind } from './client.ts';
import { startOneByOne } from './new-connection.ts';

/** Always one event stream open. It is answered when the server ends it as the protocol has it. */
export const eventStream: ClientKind = {
  kind: 'eventStream',
  clients: (settings) => settings.eventStream,
  start: (context) =>
    startOneByOne(context, { path: context.settings.eventsPath, headers: ['Accept: text/event-stream'] }),
};
