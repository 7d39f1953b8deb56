import { door } from '../clients/door.ts';
import { http2 as clients, openSession } from '../clients/http2.ts';
import type { Target } from '../network/target.ts';
import { applicable, type Scenario } from './scenario.ts';

export const http2: Scenario = {
  name: 'http2',
  title: 'HTTP/2',
  description:
    'Clients have three streams at a time on a session that they keep. Refused is also whose stream the server said it did not process.',
  kind: 'http2',
  clients: [clients, door],
  async check({ target, settings: { path } }) {
    if (await speaksHttp2(target, path)) return applicable;
    return { missing: `no HTTP/2 ${target.tls ? 'by ALPN' : 'with prior knowledge'}` };
  },
};

function speaksHttp2(target: Target, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const session = openSession(target, () => settle(false));
    const settle = (result: boolean): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(result);
    };
    const timer = setTimeout(settle, 1_500, false);
    session.on('error', () => settle(false));
    session.on('close', () => settle(false));
    const stream = session.request({ ':path': path });
    stream.on('response', () => settle(true));
    stream.on('error', () => settle(false));
  });
}
