import type { ClientKind } from './client.ts';
import { startOneByOne } from './new-connection.ts';

/** Longest pause before a client's first request, so that not all are answered at the same moment. */
const SPREAD_MS = 500;

/** Client that always has one slow request in flight, each on a new connection. */
export const slow: ClientKind = {
  kind: 'slow',
  clients: (settings) => settings.slow,
  start: (context) =>
    context.later(context.random() * SPREAD_MS, () =>
      startOneByOne(context, { path: context.settings.slowPath }),
    ),
};
