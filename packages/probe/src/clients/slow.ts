import type { ClientKind } from './client.ts';
import { startOneByOne } from './new-connection.ts';

/** Longest time in milliseconds before a client's first request, so that not all are answered at the same moment. */
const SPREAD = 500;

/** Always one request in flight that takes the server its time, each on a new connection. */
export const slow: ClientKind = {
  kind: 'slow',
  clients: (settings) => settings.slow,
  start: (context) =>
    context.later(context.random() * SPREAD, () =>
      startOneByOne(context, { path: context.settings.slowPath }),
    ),
};
