import { newConnection as clients } from '../clients/new-connection.ts';
import { applicable, type Scenario } from './scenario.ts';

export const newConnection: Scenario = {
  name: 'new-connection',
  title: 'New connection per request',
  description:
    'Clients open a connection for each request, and the next one as soon as they have the answer.',
  kind: 'newConnection',
  clients: [clients],
  check: async ({ target: { path } }) =>
    path === undefined ? applicable : { missing: 'no TCP port; unix-socket does the same here' },
};
