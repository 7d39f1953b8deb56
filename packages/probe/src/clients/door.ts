import type { ClientKind } from './client.ts';
import { startOneByOne } from './new-connection.ts';

/** Pause between an answer and the next connection. */
const PAUSE_MS = 20;

/** Client that opens a connection every 20 ms, so that the time of the first refusal is known. */
export const door: ClientKind = {
  kind: 'door',
  clients: () => 1,
  start: (context) => startOneByOne(context, { path: context.settings.path, pause: PAUSE_MS }),
};
