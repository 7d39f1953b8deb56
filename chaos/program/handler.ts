import type { IncomingMessage, ServerResponse } from 'node:http';
import { note } from './evidence.ts';

const EVENT_MS = 50;
/** More than a socket's buffers take. */
const LARGE = 20_000_000;

/**
 * What the program answers. Each request has an `id`, and the answer's body is that id:
 * - `/slow?ms=` after so long, `/upload` when all has come, `/events` with an event stream without an end
 * - `/large` with 20 MB, anything else at once
 */
export function handle(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const id = searchParams.get('id') ?? '?';
  note('request', id);
  // Not `writableFinished`, which is true of what was destroyed as well.
  let finished = false;
  response.once('finish', () => (finished = true));
  response.once('close', () => note(finished ? 'answered' : 'unanswered', id));
  const answer = (): void => void response.end(id);
  if (pathname === '/slow') setTimeout(answer, Number(searchParams.get('ms')));
  else if (pathname === '/upload') request.on('end', answer).resume();
  else if (pathname === '/large') response.end(Buffer.alloc(LARGE));
  else if (pathname === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`data: ${id}\n\n`);
    const timer = setInterval(() => response.write('data: tick\n\n'), EVENT_MS);
    response.once('close', () => clearInterval(timer));
  } else answer();
}
