import { RETRY_DELAY_MS, type ClientContext, type ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

/** Time between two pieces of the body, and how many there are. */
const INTERVAL_MS = 80;
const PIECES = 10;
const PIECE: Buffer = Buffer.alloc(1_024, 'x');

/** Client that always has one upload in flight, each on a new connection. */
export const slowUpload: ClientKind = {
  kind: 'slowUpload',
  clients: (settings) => settings.slowUpload,
  start: (context) => context.later(context.random() * INTERVAL_MS * PIECES, () => startUploads(context)),
};

function startUploads(context: ClientContext): void {
  const headers = [`Content-Length: ${PIECES * PIECE.length}`, 'Content-Type: application/octet-stream'];
  const head = formatRequest(context, context.settings.uploadPath, { method: 'POST', headers });

  function next(): void {
    if (context.stopped) {
      context.ended();
      return;
    }
    const connection = context.connect();
    let left = PIECES;
    const timer = setInterval(() => {
      connection.write(PIECE);
      left -= 1;
      if (left === 0) clearInterval(timer);
    }, INTERVAL_MS);
    context.attempt(connection, { bytes: head, opened: true }, ({ outcome }) => {
      clearInterval(timer);
      connection.close();
      if (outcome === 'answered') next();
      else context.later(RETRY_DELAY_MS, next);
    });
  }
  next();
}
