import { tls as clients } from '../clients/tls.ts';
import { applicable, type Scenario } from './scenario.ts';

export const tls: Scenario = {
  name: 'tls',
  title: 'TLS',
  description:
    'Clients open a TLS connection for each request, with up to 200 ms between the TCP connection and the handshake.',
  kind: 'tls',
  clients: [clients],
  inFlight: true,
  check: async ({ target }) => (target.tls ? applicable : { missing: 'no TLS' }),
};
