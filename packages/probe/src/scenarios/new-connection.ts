import { newConnection as clients } from '../clients/new-connection.ts';
import { rush } from '../clients/rush.ts';
import { applicable, type Scenario } from './scenario.ts';

export const newConnection: Scenario = {
  name: 'new-connection',
  title: 'New connection per request',
  description:
    'Clients open a connection for each request, and the next one as soon as they have the answer. Four times as many come at the moment of the signal.',
  kind: 'newConnection',
  clients: [clients, rush],
  check: async ({ target: { path } }) =>
    path === undefined ? applicable : { missing: 'no TCP port; unix-socket does the same here' },
};
