import type { ServerResponse } from 'node:http';
import { clearTimeout, now, setTimeout } from '../clock.ts';
import { contentType } from '../node-internals/http.ts';

/** Shortest time between two looks for new event streams, in milliseconds. */
const LOOK_MS = 100;

/** That time is at least this many times what a look takes. */
const LOOK_TIMES = 50;

/**
 * Ends the event streams among the responses in flight, from `delay` milliseconds on until the function that this
 * returns is called. Event streams are endless by design, and their clients reconnect: ending one loses nothing.
 */
export function endEventStreams(
  delay: number,
  inFlight: () => readonly (ServerResponse | undefined)[],
): () => void {
  function look(): void {
    const start = now();
    for (const response of inFlight()) {
      if (response === undefined || response.writableEnded || !isEventStream(response)) continue;
      // The application may go on writing, which is an error event on a response that has ended.
      response.on('error', () => {});
      response.end();
    }
    timer = setTimeout(look, Math.max(LOOK_MS, (now() - start) * LOOK_TIMES)).unref();
  }

  let timer = setTimeout(look, delay).unref();
  return () => clearTimeout(timer);
}

export function isEventStream(response: ServerResponse): boolean {
  return response.headersSent && contentType(response).startsWith('text/event-stream');
}
