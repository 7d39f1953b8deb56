import { door } from '../clients/door.ts';
import { silent as clients } from '../clients/silent.ts';
import { applicable, type Scenario } from './scenario.ts';

export const silent: Scenario = {
  name: 'silent',
  title: 'Silent connection',
  description:
    'Clients connect and say nothing, as browsers do. Answered is who gets a FIN; hung, who holds the server up until the end.',
  kind: 'silent',
  clients: [clients, door],
  patient: true,
  inFlight: true,
  check: async () => applicable,
};
