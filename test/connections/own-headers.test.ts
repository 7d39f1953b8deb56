// Whatever an application writes into `Connection`: while draining the client is told that the connection ends.
import t from 'tap';
import { connectClient, type Client } from '../conformance/harness/raw-client.ts';
import { says } from '../conformance/harness/row.ts';
import { values } from '../conformance/harness/response.ts';
import { startChild, type Child, type Owner } from '../helpers/child.ts';
import { clean, options, short, stop } from '../helpers/shutdown.ts';

t.jobs = 2;

/** Of `fixtures/connections/own-headers.ts`; `options` and `severalValues` keep another connection option. */
const forms = {
  none: 'close',
  setHeader: 'close',
  severalValues: 'close, X-Hop',
  appendHeader: 'close',
  object: 'close',
  array: 'close',
  pairs: 'close',
  setAndWritten: 'close',
  reason: 'close',
  options: 'close, X-Hop',
  toggled: 'close',
  removed: 'close',
  flushed: 'close',
  chunked: 'close',
  late: 'close',
  subclass: 'close',
} as const;

const names = Object.keys(forms) as (keyof typeof forms)[];
const start = (t: Owner, more: object = {}): Promise<Child> =>
  startChild(t, 'connections/own-headers', { args: [{ ...options, ...more }] });
const open = (child: Child): Promise<Client> => connectClient({ port: child.port, tls: false });
const get = (url: string, version = '1.1', header = ''): string =>
  `GET ${url} HTTP/${version}\r\nHost: a\r\n${header}\r\n`;

for (const version of ['1.1', '1.0']) {
  t.test(`in flight at the signal, HTTP/${version}`, async (t) => {
    const child = await start(t);
    const header = version === '1.0' ? 'Connection: keep-alive\r\n' : '';
    const clients = await Promise.all(names.map(() => open(child)));
    for (const [index, name] of names.entries()) clients[index]?.write(get(`/${name}?held`, version, header));
    for (const name of names) await child.line(`request /${name}?held`);
    const { ended } = await stop(child);
    child.kill('SIGUSR2');
    for (const [index, name] of names.entries()) {
      const response = await clients[index]?.response();
      t.match(response, { status: 200, body: 'ok' }, name);
      if (response !== undefined) says(t, response, forms[name]);
      t.same(await clients[index]?.closed(), { how: 'fin', rest: '' }, `${name}: FIN`);
    }
    const requests = { inFlight: names.length, served: names.length };
    t.match(await ended, { ...clean, report: { ...clean.report, requests } });
  });
}

t.test('a request that comes on an idle connection', async (t) => {
  const child = await start(t, { keepAliveGrace: 10_000 });
  const clients = await Promise.all(names.map(() => open(child)));
  for (const client of clients) client.write(get('/none'));
  for (const client of clients) await client.response();
  const { ended } = await stop(child);
  for (const [index, name] of names.entries()) {
    clients[index]?.write(get(`/${name}`));
    const response = await clients[index]?.response();
    if (response !== undefined) says(t, response, forms[name]);
    t.same(await clients[index]?.closed(), { how: 'fin', rest: '' }, `${name}: FIN`);
  }
  const result = await ended;
  t.match(result, { ...clean, report: { ...clean.report, connections: { answered: names.length } } });
  t.ok(result.took < 10_000, 'and the grace is not waited for');
});

t.test('pipelined: the last one alone says it', async (t) => {
  const child = await start(t);
  const client = await open(child);
  client.write(names.map((name) => get(`/${name}?held`)).join(''));
  for (const name of names) await child.line(`request /${name}?held`);
  const { ended } = await stop(child);
  child.kill('SIGUSR2');
  for (const name of names.slice(0, -1)) {
    const response = await client.response();
    // The application says it there, and `removed` says nothing.
    if (!['setAndWritten', 'removed'].includes(name)) {
      t.match(values(response, 'connection').join(), /keep-alive/i, name);
    }
  }
  says(t, await client.response(), 'close');
  t.same(await client.closed(), { how: 'fin', rest: '' });
  t.match(await ended, { ...clean, report: { ...clean.report, requests: { served: names.length } } });
});

t.test('a head that was sent before says keep-alive, and the next response says close', async (t) => {
  const child = await start(t, { keepAliveGrace: 10_000 });
  const client = await open(child);
  client.write(get('/stream?held'));
  await child.line('request /stream?held');
  const { ended } = await stop(child);
  child.kill('SIGUSR2');
  says(t, await client.response(), 'keep-alive');
  client.write(get('/object'));
  says(t, await client.response(), 'close');
  t.same(await client.closed(), { how: 'fin', rest: '' });
  t.match(await ended, { ...clean, report: { ...clean.report, requests: { inFlight: 1, served: 2 } } });
});

t.test('a client that pipelines without end is told after the grace', async (t) => {
  const child = await start(t, short);
  const client = await open(child);
  client.write(get('/slow').repeat(2));
  // About three are outstanding at any time: without a limit none of them would be the last.
  const timer = setInterval(() => client.write(get('/slow')), 100);
  t.teardown(() => clearInterval(timer));
  await child.line('request /slow', 2);
  const { ended } = await stop(child);
  const said: string[] = [];
  while (said.at(-1) !== 'close') said.push(values(await client.response(), 'connection').join());
  t.same(await client.ended(), { how: 'fin', rest: '' });
  clearInterval(timer);
  const result = await ended;
  t.match(result, { ...clean, report: { ...clean.report, connections: { answered: 1 } } });
  t.ok(said.length > 1, 'what came within the grace was answered');
});
