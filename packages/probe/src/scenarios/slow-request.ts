import { ask } from '../clients/ask.ts';
import { door } from '../clients/door.ts';
import { formatRequest } from '../clients/request.ts';
import { slow as clients } from '../clients/slow.ts';
import { formatTime } from '../measure/numbers.ts';
import { applicable, type Scenario } from './scenario.ts';

/** A request must take as long as this to be in flight at the signal. */
const SLOW_MS = 150;

export const slowRequest: Scenario = {
  name: 'slow-request',
  title: 'Slow request in flight',
  description: 'Clients always have a request in flight that takes the server its time.',
  kind: 'slow',
  clients: [clients, door],
  inFlight: true,
  async check({ target, settings }) {
    const { slowPath, hungAfter } = settings;
    const pieces = [formatRequest({ target, settings }, slowPath)];
    const { answers } = await ask(target, { pieces, timeout: hungAfter });
    const [answer] = answers;
    if (answer && answer.status < 400 && answer.time >= SLOW_MS) return applicable;
    const found = answer ? `${answer.status} in ${formatTime(answer.time)}` : 'no answer';
    return { missing: `no slow request: GET ${slowPath} gets ${found}; give one with --slow-path` };
  },
};
