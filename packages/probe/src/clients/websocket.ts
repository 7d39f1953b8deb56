import { WebSocket } from 'ws';
import { now } from '../measure/attempt.ts';
import type { Outcome } from '../measure/outcome.ts';
import { formatAuthority } from '../network/target.ts';
import { RETRY_DELAY_MS, type ClientContext, type ClientKind } from './client.ts';
import { connectOutcomes } from './connection.ts';
import { headersByName, type RequestContext } from './request.ts';
import { isErrorStatus } from './status.ts';

/** How `ws` reports a connection that ended without a Close frame. */
const NO_CLOSE_FRAME = 1006;

/** Client that always has one WebSocket open. It is answered when the server ends it with a Close frame. */
export const webSocket: ClientKind = {
  kind: 'webSocket',
  clients: (settings) => settings.webSocket,
  start: startWebSocket,
};

export function openWebSocket({ target, settings }: RequestContext, path: string): WebSocket {
  const origin =
    target.path === undefined
      ? `${target.tls ? 'wss' : 'ws'}://${formatAuthority(target)}`
      : `ws+unix:${target.path}:`;
  const headers = headersByName(settings.headers);
  return new WebSocket(`${origin}${path}`, { headers, rejectUnauthorized: false, perMessageDeflate: false });
}

function startWebSocket(context: ClientContext): void {
  function next(): void {
    if (context.stopped) {
      context.ended();
      return;
    }
    const socket = openWebSocket(context, context.settings.webSocketPath);
    let failure: NodeJS.ErrnoException | undefined;
    const end = (outcome: Outcome | undefined, code?: string): void => {
      socket.terminate();
      if (context.end(attempt, { outcome, endedAt: now(), code })) context.later(RETRY_DELAY_MS, next);
    };
    const attempt = context.begin({
      connection: context.nextConnection(),
      opened: true,
      expire: () => end('hung'),
    });
    socket.on('upgrade', () => (attempt.firstByteAt = now()));
    socket.on('open', () => (attempt.connectedAt = now()));
    socket.on('unexpected-response', (_request, { statusCode = 0 }) => {
      const isError = isErrorStatus(statusCode, context.settings);
      end(isError ? 'unavailable' : 'answered', String(statusCode));
    });
    socket.on('error', (error: NodeJS.ErrnoException) => (failure = error));
    socket.on('close', (code) => {
      if (attempt.connectedAt !== undefined) {
        if (code === NO_CLOSE_FRAME) end('cut', failure?.code ?? 'no Close frame');
        else end('answered', String(code));
      } else {
        end(...describeFailure(failure));
      }
    });
  }
  next();
}

/** Outcome of a failure before the upgrade. Node reports a FIN as an ECONNRESET without a system call. */
function describeFailure(failure: NodeJS.ErrnoException | undefined): [Outcome | undefined, string] {
  const { code = failure?.message ?? 'unknown', syscall } = failure ?? {};
  if (syscall === 'connect') return [connectOutcomes[code], code];
  if (code === 'ECONNRESET' && syscall === undefined) return ['empty', 'no answer'];
  return [code === 'ECONNRESET' || code === 'EPIPE' ? 'reset' : 'cut', code];
}
