import { ask } from '../clients/ask.ts';
import { door } from '../clients/door.ts';
import { eventStream as clients } from '../clients/event-stream.ts';
import { formatRequest } from '../clients/request.ts';
import type { Scenario } from './scenario.ts';

const headers = ['Accept: text/event-stream'];
const isEventStream = /^HTTP\/1\.1 200[^]*\r\ncontent-type:[ \t]*text\/event-stream/i;

export const sse: Scenario = {
  name: 'sse',
  title: 'Server-sent events',
  description: 'Clients hold an event stream open. Answered is whose stream is ended as the protocol has it.',
  kind: 'eventStream',
  clients: [clients, door],
  patient: true,
  inFlight: true,
  async check({ target, settings }) {
    const { eventsPath, path } = settings;
    for (const candidate of new Set([eventsPath, '/sse', '/stream', path])) {
      const pieces = [formatRequest({ target, settings }, candidate, { headers })];
      const { text } = await ask(target, {
        pieces,
        timeout: 2_000,
        until: (part) => isEventStream.test(part),
      });
      if (isEventStream.test(text)) return { load: { eventsPath: candidate } };
    }
    return { missing: 'no event stream; give its path with --sse-path' };
  },
};
