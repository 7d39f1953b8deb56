import { setTimeout as sleep } from 'node:timers/promises';
import { answers, endsCleanly, get, goOn, head, says, stops, type Row } from './row.ts';

/** Keeps the event loop busy: then timers come before what the sockets have received meanwhile. */
const block = '/block?ms=3000';

export const busyLoop: readonly Row[] = [
  {
    name: 'a request within the grace, which ends while the event loop is busy: served with close',
    options: { coordinator: { keepAliveGrace: 2_000 } },
    run: async (t, app) => {
      const [busy, idle, silent] = [await app.connect(), await app.connect(), await app.connect()];
      await app.told('opened', 3);
      idle.write(get('/?first'));
      await answers(t, idle, '/?first', 'keep-alive');
      await app.terminate();
      busy.write(get(block));
      await app.handling(block);
      idle.write(get('/?idle'));
      silent.write(get('/?silent'));
      await answers(t, busy, block, 'close');
      await answers(t, idle, '/?idle', 'close');
      await answers(t, silent, '/?silent', 'close');
      for (const client of [busy, idle, silent]) await endsCleanly(t, client);
      const { handled } = await app.stopped();
      t.same(handled.toSorted(), ['/?first', '/?idle', '/?silent', block]);
    },
  },
  {
    name: 'an early reply to an upload that goes on, and the event loop is busy for longer than we linger: no RST',
    run: async (t, app) => {
      const [busy, client] = [await app.connect(), await app.connect({ paused: true, keepsOpen: true })];
      await app.told('opened', 2);
      client.write(head('POST', '/early?held', 'Content-Length: 100000000'));
      await app.handling('/early?held');
      const stop = goOn(t, client);
      await app.terminate();
      app.release();
      await sleep(200);
      busy.write(get(block));
      await answers(t, busy, block, 'close');
      await endsCleanly(t, busy);
      await sleep(200);
      t.notOk(client.hasEnded(), 'writing fails in no way');
      client.resume();
      const response = await client.response();
      stop();
      t.equal(response.status, 401);
      says(t, response, 'close');
      client.end();
      await endsCleanly(t, client);
      const handled = ['/early?held', block];
      await stops(t, app, { handled, inFlight: 1, served: 2, answered: 2, atLeast: 3_000 });
    },
  },
];
