import { setTimeout as sleep } from 'node:timers/promises';
import { loadSystemCalls } from '../../helpers/internals.ts';
import { answers, endsCleanly, get, goOn, head, says, stops, type Row } from '../harness/row.ts';

/** Keeps the event loop busy: then timers come before what the sockets have received meanwhile. */
const block = '/block?ms=3000';
const untilGrace = '/block?ms=2000';

const native = loadSystemCalls();
const takesAddon = (): string | undefined => (native.calls === undefined ? native.why : undefined);

export const busyLoop: readonly Row[] = [
  {
    name: 'a request within the grace, which ends while the event loop is busy: served with close',
    options: { coordinator: { keepAliveGrace: 2_000 } },
    run: async (t, app) => {
      const [busy, idle, silent] = [await app.connect(), await app.connect(), await app.connect()];
      const several = await app.connect();
      await app.told('opened', 4);
      idle.write(get('/?first'));
      await answers(t, idle, '/?first', 'keep-alive');
      await app.terminate();
      busy.write(get(block));
      await app.handling(block);
      idle.write(get('/?idle'));
      silent.write(get('/?silent'));
      several.write(get('/?one') + get('/?three') + get('/?two'));
      await answers(t, busy, block, 'close');
      await answers(t, idle, '/?idle', 'close');
      await answers(t, silent, '/?silent', 'close');
      await answers(t, several, '/?one', 'keep-alive');
      await answers(t, several, '/?three', 'keep-alive');
      await answers(t, several, '/?two', 'close');
      for (const client of [busy, idle, silent, several]) await endsCleanly(t, client);
      const { handled } = await app.stopped();
      t.same(handled.toSorted(), ['/?first', '/?idle', '/?one', '/?silent', '/?three', '/?two', block]);
    },
  },
  {
    name: 'a request that comes while the poll before the end of its connection is busy: served with close',
    skip: takesAddon,
    options: { coordinator: { keepAliveGrace: 2_000 } },
    run: async (t, app) => {
      const [busy, uploading, idle] = [await app.connect(), await app.connect(), await app.connect()];
      await app.told('opened', 3);
      idle.write(get('/?first'));
      await answers(t, idle, '/?first', 'keep-alive');
      const upload = '/block-body?ms=1000';
      uploading.write(head('POST', upload, 'Content-Length: 4'));
      await app.handling(upload);
      await app.terminate();
      await sleep(1_000);
      busy.write(get(untilGrace));
      await app.handling(untilGrace);
      // What is read of a body is told of in the poll. A request would be taken a turn later.
      uploading.write('body');
      await app.handling('the body');
      idle.write(get('/?idle'));
      await answers(t, busy, untilGrace, 'close');
      await answers(t, uploading, upload, 'close');
      await answers(t, idle, '/?idle', 'close');
      for (const client of [busy, uploading, idle]) await endsCleanly(t, client);
      const handled = ['/?first', upload, untilGrace, 'the body', '/?idle'];
      await stops(t, app, { handled, inFlight: 1, served: 3, answered: 3 });
    },
  },
  {
    name: 'the FIN of an idle connection does not wait for what keeps the event loop busy behind it',
    skip: takesAddon,
    options: { coordinator: { keepAliveGrace: 2_000 } },
    run: async (t, app) => {
      const [busy, next, idle] = [await app.connect(), await app.connect(), await app.connect()];
      await app.told('opened', 3);
      idle.write(get('/?first'));
      await answers(t, idle, '/?first', 'keep-alive');
      await app.terminate();
      await sleep(1_000);
      busy.write(get(untilGrace));
      await app.handling(untilGrace);
      next.write(get(block));
      await answers(t, busy, untilGrace, 'close');
      const order: string[] = [];
      await Promise.all([
        endsCleanly(t, idle).then(() => order.push('the FIN')),
        answers(t, next, block, 'close').then(() => order.push('the answer')),
      ]);
      t.same(order, ['the FIN', 'the answer']);
      for (const client of [busy, next]) await endsCleanly(t, client);
      const handled = ['/?first', untilGrace, block];
      await stops(t, app, { handled, served: 2, answered: 2, idle: 1 });
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
