import { RETRY_DELAY_MS, type ClientContext, type ClientKind } from './client.ts';
import type { Connection } from './connection.ts';
import { formatRequest } from './request.ts';

/** Requests per batch. */
const REQUESTS_PER_BATCH = 4;

/** Client that sends several requests in one piece, and the next batch on the same connection when all have ended. */
export const pipelined: ClientKind = {
  kind: 'pipelined',
  clients: (settings) => settings.pipelined,
  start: startPipelined,
};

function startPipelined(context: ClientContext): void {
  const bytes = formatRequest(context, context.settings.path);
  const think = (): number => context.random() * context.settings.thinkTime;
  let connection: Connection | undefined;

  function next(late: boolean): void {
    if (context.stopped) {
      connection?.close();
      context.ended();
      return;
    }
    if (late) connection?.close();
    const open = connection?.reusable ? connection : undefined;
    const used = (connection = open ?? context.connect());
    let left = REQUESTS_PER_BATCH;
    let failed = false;
    for (let number = 0; number < REQUESTS_PER_BATCH; number += 1) {
      context.attempt(used, { bytes, opened: !open && number === 0 }, ({ outcome }) => {
        left -= 1;
        failed ||= outcome !== 'answered';
        if (left === 0) context.pause(failed ? RETRY_DELAY_MS : think(), next);
      });
    }
  }

  context.pause(think(), next);
}
