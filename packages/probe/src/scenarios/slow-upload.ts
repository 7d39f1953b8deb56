import { ask } from '../clients/ask.ts';
import { door } from '../clients/door.ts';
import { formatRequest } from '../clients/request.ts';
import { isErrorStatus } from '../clients/status.ts';
import { slowUpload as clients } from '../clients/slow-upload.ts';
import { applicable, type Scenario } from './scenario.ts';

/** Time between the two halves of the body. */
const PAUSE_MS = 400;

export const slowUpload: Scenario = {
  name: 'slow-upload',
  title: 'Slow upload',
  description: 'Clients always have an upload in flight, which takes them 800 ms.',
  kind: 'slowUpload',
  clients: [clients, door],
  inFlight: true,
  async check({ target, settings }) {
    const { uploadPath } = settings;
    const head = formatRequest({ target, settings }, uploadPath, {
      method: 'POST',
      headers: ['Content-Length: 8'],
    });
    const pieces = [Buffer.concat([head, Buffer.from('half')]), Buffer.from('half')];
    const { answers, piecesBefore } = await ask(target, { pieces, pause: PAUSE_MS, timeout: 3_000 });
    const [answer] = answers;
    const early = piecesBefore < pieces.length;
    if (answer && !early && !isErrorStatus(answer.status, settings)) return applicable;
    const found = answer ? `${answer.status}${early ? ' before the body is there' : ''}` : 'no answer';
    return { missing: `no upload: POST ${uploadPath} gets ${found}; give a path with --upload-path` };
  },
};
