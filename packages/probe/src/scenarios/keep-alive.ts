import { ask } from '../clients/ask.ts';
import { door } from '../clients/door.ts';
import { keepAlive as clients } from '../clients/keep-alive.ts';
import { formatRequest } from '../clients/request.ts';
import { applicable, type Scenario } from './scenario.ts';

export const keepAlive: Scenario = {
  name: 'keep-alive',
  title: 'Keep-alive',
  description: 'Clients keep their connection and think for up to 100 ms before each request.',
  kind: 'keepAlive',
  clients: [clients, door],
  async check({ target, settings }) {
    const { path } = settings;
    const { answers } = await ask(target, {
      pieces: [formatRequest({ target, settings }, path)],
      timeout: 3_000,
    });
    return answers[0]?.keepAlive
      ? applicable
      : { missing: `no keep-alive: GET ${path} closes the connection` };
  },
};
