import { RETRY_DELAY_MS, type ClientContext, type ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

/** Client that opens a connection for each request, the next one as soon as it has the answer. */
export const newConnection: ClientKind = {
  kind: 'newConnection',
  clients: (settings) => settings.newConnection,
  start: (context) => startOneByOne(context, { path: context.settings.path }),
};

export interface OneByOne {
  readonly path: string;
  /** Milliseconds between an answer and the next request. */
  readonly pause?: number | undefined;
  readonly headers?: readonly string[] | undefined;
}

/** Requests on connections of their own, one after the other. */
export function startOneByOne(context: ClientContext, { path, pause = 0, headers = [] }: OneByOne): void {
  const close = context.settings.announceClose ? ['Connection: close'] : [];
  const bytes = formatRequest(context, path, { headers: [...headers, ...close] });

  function next(): void {
    if (context.stopped) {
      context.ended();
      return;
    }
    const connection = context.connect();
    context.attempt(connection, { bytes, opened: true }, ({ outcome }) => {
      connection.close();
      if (outcome !== 'answered') context.later(Math.max(pause, RETRY_DELAY_MS), next);
      else if (pause > 0) context.later(pause, next);
      else next();
    });
  }
  next();
}
