import { newConnection as clients } from '../clients/new-connection.ts';
import { applicable, type Scenario } from './scenario.ts';

export const unixSocket: Scenario = {
  name: 'unix-socket',
  title: 'Unix socket',
  description:
    'Clients open a connection to a Unix socket for each request. A path that is gone is a refusal.',
  kind: 'newConnection',
  clients: [clients],
  check: async ({ target: { path } }) =>
    path === undefined ? { missing: 'no Unix socket; give it with --url unix:/path' } : applicable,
};
