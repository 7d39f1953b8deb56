import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { monotonic } from '../clock.ts';
import { isRefusal, type Attempt } from './attempt.ts';
import type { Surroundings } from './surroundings.ts';

/** A connection whose bytes are read as text, and whose end has a name. */
export interface Connection {
  readonly socket: Socket;
  readonly text: () => string;
  /** Forgets what was read. */
  readonly clear: () => void;
  /** How it ended: the code of an error, `FIN`, or `closed`; undefined while it is open. */
  readonly ending: () => string | undefined;
  /** Resolves when `done` says so, and at the end of the connection. */
  readonly until: (done: () => boolean) => Promise<void>;
}

/** Opens a connection for an attempt; undefined if that is settled by it: refused, or lost before it was open. */
export async function openConnection(
  { where, secure, ledger, all }: Surroundings,
  attempt: Attempt,
): Promise<Connection | undefined> {
  const socket: Socket = secure ? connectTls({ ...where, rejectUnauthorized: false }) : connectTcp(where);
  all.add(socket);
  let text = '';
  let ending: string | undefined;
  let open = false;
  const looks = new Set<() => void>();
  const look = (): void => looks.forEach((each) => each());
  const end = (how: string): void => {
    ending ??= how;
    look();
  };
  socket
    .setNoDelay()
    .setEncoding('latin1')
    .on('data', (chunk: string) => {
      text += chunk;
      look();
    });
  socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  socket.on('end', () => end('FIN'));
  socket.on('close', () => {
    all.delete(socket);
    end('closed');
  });
  socket.once('connect', () => {
    attempt.connected = true;
    attempt.localPort = socket.localPort ?? 0;
  });
  socket.once(secure ? 'secureConnect' : 'connect', () => {
    open = true;
    look();
  });
  const until = (done: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!done() && ending === undefined) return;
        looks.delete(check);
        resolve();
      };
      looks.add(check);
      check();
    });
  await until(() => open);
  // Linux may connect a client to itself on a port of the ephemeral range on which nothing listens.
  const isOwn = 'port' in where && socket.localPort === where.port;
  if (isOwn || ending !== undefined) {
    socket.destroy();
    const refused = isOwn || (!attempt.connected && isRefusal(ending ?? ''));
    ledger.settle(attempt, refused ? 'refused' : 'lost', `before the request: ${ending}`);
    return undefined;
  }
  attempt.sentAt = monotonic();
  const clear = (): void => {
    text = '';
  };
  return { socket, text: () => text, clear, ending: () => ending, until };
}
