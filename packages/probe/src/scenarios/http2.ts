import { door } from '../clients/door.ts';
import { http2 as clients, http2Headers, openSession } from '../clients/http2.ts';
import type { RequestContext } from '../clients/request.ts';
import { isErrorStatus } from '../clients/status.ts';
import { applicable, type Scenario } from './scenario.ts';

const ANSWER_LIMIT_MS = 1_500;

export const http2: Scenario = {
  name: 'http2',
  title: 'HTTP/2',
  description:
    'Clients have three streams at a time on a session that they keep. Refused is also whose stream the server said it did not process.',
  kind: 'http2',
  clients: [clients, door],
  async check({ target, settings }) {
    const status = await askHttp2({ target, settings }, settings.path);
    if (status > 0 && !isErrorStatus(status, settings)) return applicable;
    if (status > 0) return { missing: `GET ${settings.path} gets ${status} by HTTP/2` };
    return { missing: `no HTTP/2 ${target.tls ? 'by ALPN' : 'with prior knowledge'}` };
  },
};

/** Status of the answer to a request; 0 if the server does not speak HTTP/2, or has no answer. */
function askHttp2(context: RequestContext, path: string): Promise<number> {
  return new Promise((resolve) => {
    const session = openSession(context.target, () => settle(0));
    const settle = (status: number): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(status);
    };
    const timer = setTimeout(settle, ANSWER_LIMIT_MS, 0);
    session.on('error', () => settle(0));
    session.on('close', () => settle(0));
    const stream = session.request(http2Headers(context, path));
    stream.on('response', (headers) => settle(Number(headers[':status'])));
    stream.on('error', () => settle(0));
  });
}
