import { connect } from 'node:net';
import { now } from '../measure/attempt.ts';
import type { Outcome } from '../measure/outcome.ts';
import { RETRY_DELAY_MS, type ClientContext, type ClientKind } from './client.ts';
import { connectOutcomes } from './connection.ts';

/** Client that connects and sends nothing. It is answered when the server ends the connection with a FIN. */
export const silent: ClientKind = {
  kind: 'silent',
  clients: (settings) => settings.silent,
  start: startSilent,
};

function startSilent(context: ClientContext): void {
  const { host, port, path } = context.target;

  function next(): void {
    if (context.stopped) {
      context.ended();
      return;
    }
    let connected = false;
    const socket = connect(path === undefined ? { host, port } : { path });
    const end = (outcome: Outcome | undefined, code?: string): void => {
      socket.destroy();
      if (context.end(attempt, { outcome, endedAt: now(), code })) context.later(RETRY_DELAY_MS, next);
    };
    const attempt = context.begin({
      connection: context.nextConnection(),
      opened: true,
      expire: () => end('hung'),
    });
    socket.on('connect', () => {
      connected = true;
      attempt.connectedAt = now();
    });
    socket.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
      end(connected ? 'reset' : connectOutcomes[code], code);
    });
    // Some servers send a 408 first.
    socket.on('data', () => (attempt.firstByteAt ??= now()));
    socket.on('end', () => end('answered', 'FIN'));
  }
  next();
}
