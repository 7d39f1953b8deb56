import type { ClientContext, ClientKind } from './client.ts';
import { formatRequest } from './request.ts';

const ARRIVALS_PER_SECOND = 300;

/** Clients that arrive at a steady rate, whatever becomes of those before them: one connection, one request each. */
export const arrivals: ClientKind = {
  kind: 'arrivals',
  clients: () => 1,
  start: startArrivals,
};

function startArrivals(context: ClientContext): void {
  const bytes = formatRequest(context, context.settings.path);
  const startedAt = performance.now();
  let started = 0;
  let ended = 0;

  const timer = setInterval(() => {
    if (context.stopped) {
      clearInterval(timer);
      endWhenIdle();
      return;
    }
    const due = ((performance.now() - startedAt) * ARRIVALS_PER_SECOND) / 1_000;
    for (; started < due; started += 1) arrive();
  }, 1);

  function arrive(): void {
    const connection = context.connect();
    context.attempt(connection, { bytes, opened: true }, () => {
      connection.close();
      ended += 1;
      if (context.stopped) endWhenIdle();
    });
  }

  let over = false;
  function endWhenIdle(): void {
    if (over || ended < started) return;
    over = true;
    clearInterval(timer);
    context.ended();
  }
}
