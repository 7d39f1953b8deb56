import { setTimeout as sleep } from 'node:timers/promises';
import { answers, endsCleanly, get, stops, type Row } from '../harness/row.ts';

/**
 * What comes behind a response that said `Connection: close` may be sent again elsewhere, so it must not be executed.
 */
export const afterClose: readonly Row[] = [
  {
    name: 'a request that comes behind headers with Connection: close is never executed',
    run: async (t, app) => {
      const client = await app.connect();
      await app.told('opened');
      await app.terminate();
      client.write(get('/headers-first?held'));
      t.match(await client.received(1), /^HTTP\/1\.1 200 OK\r\n/);
      client.write(get('/?never'));
      await sleep(100);
      app.release();
      await answers(t, client, '/headers-first?held', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/headers-first?held'], served: 1, answered: 1 });
    },
  },
  {
    name: 'a request that comes behind headers in which the app itself said close is never executed',
    run: async (t, app) => {
      const client = await app.connect();
      await app.told('opened');
      await app.terminate();
      const url = '/headers-first?held&connection=close';
      client.write(get(url));
      t.match(await client.received(1), /^HTTP\/1\.1 200 OK\r\n/);
      client.write(get('/?never'));
      await sleep(100);
      app.release();
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], served: 1, answered: 1 });
    },
  },
  {
    name: 'a request that comes behind headers in which the app said close before the signal is never executed',
    run: async (t, app) => {
      const client = await app.connect();
      const url = '/headers-first?held&connection=close';
      client.write(get(url));
      await client.received(1);
      await app.terminate();
      client.write(get('/?never'));
      await sleep(100);
      app.release();
      await answers(t, client, url, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [url], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'a request that comes after a complete response with Connection: close is never executed',
    run: async (t, app) => {
      const client = await app.connect({ keepsOpen: true });
      client.write(get('/slow?held'));
      await app.handling('/slow?held');
      await app.terminate();
      app.release();
      await answers(t, client, '/slow?held', 'close');
      client.write(get('/?never'));
      t.same(await client.ended(), { how: 'fin', rest: '' });
      client.write(get('/?nor-this'));
      client.end();
      await endsCleanly(t, client);
      await stops(t, app, { handled: ['/slow?held'], inFlight: 1, served: 1, answered: 1 });
    },
  },
  {
    name: 'a request that comes when a response with close is complete behind a slower one: never executed',
    run: async (t, app) => {
      const client = await app.connect();
      const urls = ['/slow?held&ms=600', '/slow?held'];
      client.write(urls.map((url) => get(url)).join(''));
      await app.handling(...urls);
      await app.terminate();
      app.release();
      await sleep(300);
      client.write(get('/?never'));
      await answers(t, client, '/slow?held&ms=600', 'keep-alive');
      await answers(t, client, '/slow?held', 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: urls, inFlight: 2, served: 2, answered: 1 });
    },
  },
];
