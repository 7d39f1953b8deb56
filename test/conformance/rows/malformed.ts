import { endsCleanly, get, says, stops, undated, type Row } from '../harness/row.ts';

/** `served` and `answered` where Node makes a response object for it, `gone` where it writes to the socket. */
const malformed = [
  { name: 'on an idle connection', before: '', bytes: 'GET / HTTP/9.9\r\n\r\n', ends: { gone: 1 } },
  { name: 'behind a request in flight', before: '/slow?held', bytes: 'nothing\r\n\r\n', ends: { gone: 1 } },
  { name: 'without Host', before: '', bytes: 'GET / HTTP/1.1\r\n\r\n', ends: { served: 1, answered: 1 } },
].map(({ name, before, bytes, ends }): Row => ({
  name: `a malformed head, ${name}: 400 as without us`,
  run: async (t, app, start) => {
    const plain = await start({ plain: true });
    const [client, without] = [await app.connect(), await plain.connect()];
    for (const server of [app, plain]) await server.told('opened');
    if (before !== '') {
      for (const each of [client, without]) each.write(get(before));
      for (const server of [app, plain]) await server.handling(before);
    }
    await app.terminate();
    for (const each of [client, without]) each.write(bytes);
    const [ours, theirs] = [undated(await client.closed()), undated(await without.closed())];
    t.match(ours.rest, /^HTTP\/1\.1 400 /);
    t.same(ours, theirs, 'the same bytes and the same end');
    const handled = before === '' ? [] : [before];
    await stops(t, app, { handled, inFlight: handled.length, ...ends });
  },
}));

/** What Node answers by itself, without a handler. */
export const malformedHeads: readonly Row[] = [
  ...malformed,
  {
    name: 'an expectation that nobody can meet: 417 with close',
    run: async (t, app) => {
      const client = await app.connect();
      await app.told('opened');
      await app.terminate();
      client.write(get('/', 'Expect: a-miracle'));
      const response = await client.response();
      t.equal(response.status, 417);
      says(t, response, 'close');
      await endsCleanly(t, client);
      await stops(t, app, { handled: [], served: 1, answered: 1 });
    },
  },
  {
    name: 'a request behind the one with which the client itself said close: as without us',
    run: async (t, app, start) => {
      const plain = await start({ plain: true });
      const [client, without] = [await app.connect(), await plain.connect()];
      for (const each of [client, without]) each.write(get('/slow?held', 'Connection: close'));
      for (const server of [app, plain]) await server.handling('/slow?held');
      await app.terminate();
      for (const each of [client, without]) each.write(get('/?behind'));
      const [ours, theirs] = [undated(await client.closed()), undated(await without.closed())];
      t.same(ours, theirs, 'the same bytes and the same end');
      t.comment(JSON.stringify(ours));
      const stopped = await app.stopped();
      t.match(stopped, { code: 0, signal: null, stderr: '', handled: ['/slow?held'] });
    },
  },
];
