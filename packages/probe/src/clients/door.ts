import type { ClientKind } from './client.ts';
import { startOneByOne } from './new-connection.ts';

/** Milliseconds between two knocks. */
const PAUSE = 20;

/** One client that knocks all the time: it is the first to learn that the door is closed. */
export const door: ClientKind = {
  kind: 'door',
  clients: () => 1,
  start: (context) => startOneByOne(context, { path: context.settings.path, pause: PAUSE }),
};
