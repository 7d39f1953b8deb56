import { setTimeout as sleep } from 'node:timers/promises';
import { answers, endsCleanly, get, head, says, stops, type Row } from './row.ts';

/** The event loop is busy for so long: timers fire late, and before it looks what has come meanwhile. */
const block = '/block?ms=1000';

export const busyLoop: readonly Row[] = [
  {
    name: 'a request within the grace, read after it by a busy event loop: served with close',
    options: { coordinator: { keepAliveGrace: 700 } },
    run: async (t, app) => {
      const [busy, idle, silent] = [await app.connect(), await app.connect(), await app.connect()];
      idle.write(get('/?first'));
      await answers(t, idle, '/?first', 'keep-alive');
      await app.told('opened', 3);
      busy.write(get(`/slow?held`) + get(block));
      await app.handling('/slow?held');
      // The signal comes while the loop is busy.
      await app.terminate();
      for (const client of [idle, silent]) client.write(get('/?in-time'));
      app.release();
      await answers(t, idle, '/?in-time', 'close');
    },
  },
];
