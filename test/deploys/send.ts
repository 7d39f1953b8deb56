import { request, type Agent } from 'node:http';

export interface Sending {
  readonly host: string;
  readonly port: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly agent: Agent;
}

/** Length of the body that a POST has; the server answers it. */
const BODY = 'x'.repeat(300);

/** A request that takes longer has hung. */
const HUNG_MS = 15_000;

/**
 * One request, which is never tried again. Resolves with `ok`, a status, `reset`, `cut` (in the middle of the answer),
 * `wrong` (another body), `hung`, or the code of another error.
 */
export function send({ host, port, method, path, agent }: Sending): Promise<string> {
  const expected = method === 'POST' && path === '/' ? String(BODY.length) : 'ok';
  return new Promise((resolve) => {
    const end = (outcome: string): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    const sent = request({ host, port, method, path, agent }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('error', () => end('cut'));
      response.on('end', () => {
        if (response.statusCode !== 200) end(String(response.statusCode));
        else end(body === expected ? 'ok' : 'wrong');
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) =>
      end(error.code === 'ECONNRESET' ? 'reset' : (error.code ?? error.message)),
    );
    const timer = setTimeout(() => {
      end('hung');
      sent.destroy();
    }, HUNG_MS);
    sent.end(method === 'POST' ? BODY : undefined);
  });
}
