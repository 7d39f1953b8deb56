import { ask } from '../clients/ask.ts';
import { door } from '../clients/door.ts';
import { halfHead as clients } from '../clients/half-head.ts';
import { formatRequest } from '../clients/request.ts';
import { applicable, type Scenario } from './scenario.ts';

export const halfHead: Scenario = {
  name: 'half-head',
  title: 'Half-sent head',
  description: 'Clients send half of a request head, and the other half 200 to 600 ms later.',
  kind: 'halfHead',
  clients: [clients, door],
  inFlight: true,
  async check({ target, settings }) {
    const head = formatRequest({ target, settings }, settings.path);
    const pieces = [head.subarray(0, -4), head.subarray(-4)];
    const { answers } = await ask(target, { pieces, pause: 100, timeout: 3_000 });
    return answers.length > 0 ? applicable : { missing: 'no patience: a head in two pieces is not answered' };
  },
};
