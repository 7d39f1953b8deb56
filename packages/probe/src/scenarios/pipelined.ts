import { ask } from '../clients/ask.ts';
import { door } from '../clients/door.ts';
import { pipelined as clients } from '../clients/pipelined.ts';
import { formatRequest } from '../clients/request.ts';
import { applicable, type Scenario } from './scenario.ts';

export const pipelined: Scenario = {
  name: 'pipelined',
  title: 'Pipelined',
  description:
    'Clients send four requests in one piece, on connections that they keep. All four must be answered.',
  kind: 'pipelined',
  clients: [clients, door],
  async check({ target, settings }) {
    const request = formatRequest({ target, settings }, settings.path);
    const pieces = [Buffer.concat([request, request, request, request])];
    const { answers } = await ask(target, { pieces, expect: 4, timeout: 3_000 });
    if (answers.length === 4) return applicable;
    return { missing: `no pipelining: of four requests in one piece ${answers.length} were answered` };
  },
};
