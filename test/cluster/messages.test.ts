import t from 'tap';
import { ends, oneInEach, request, startCluster } from './cluster-process.ts';
import { protocol } from '../helpers/internals.ts';

const CLEAN = { code: 0, signal: null };

t.jobs = 4;

const { unwrapFromPrimary, unwrapFromWorker, wrap } = protocol;
const core = JSON.stringify(import.meta.resolve('@graceful-cluster/core'));
const register = ['--import', import.meta.resolve('@graceful-cluster/core/register')];

t.test('a message is taken only in the packing and the shape that it was sent in', async (t) => {
  const hello = { type: 'hello' } as const;
  t.same(unwrapFromWorker(wrap(hello, 'internal'), 'internal'), hello);
  t.same(unwrapFromWorker(wrap(hello, 'plain'), 'plain'), hello);
  t.equal(unwrapFromWorker(wrap(hello, 'plain'), 'internal'), undefined);
  t.equal(unwrapFromWorker(wrap(hello, 'internal'), 'plain'), undefined);
  t.equal(unwrapFromWorker(hello, 'internal'), undefined);
  t.equal(unwrapFromPrimary(wrap(hello, 'internal'), 'internal'), undefined, 'an echo is no order');
  t.equal(
    unwrapFromWorker(wrap({ type: 'welcome' }, 'internal'), 'internal'),
    undefined,
    'an echo joins nobody',
  );
  const frame = (fields: object): unknown => ({ ...wrap(hello, 'internal'), ...fields });
  const odd = [
    { type: 'signal', signal: 'SIGNOTHING' },
    { type: 'signal', signal: 15 },
    { type: 'ready', ready: 'yes' },
    { type: 'progress', waiting: 'GET /' },
    { type: 'progress', counts: { open: 1, inFlight: NaN, idle: 0 }, waiting: [] },
    { type: 'progress', counts: null, waiting: [] },
    { type: 'report', report: { clean: true } },
    { type: 'report' },
    { type: ['hello'] },
    { type: 'from another version' },
  ];
  for (const fields of odd) t.equal(unwrapFromWorker(frame(fields), 'internal'), undefined);
  t.same(unwrapFromWorker(frame({ type: 'ready', more: 1 }), 'internal'), {
    type: 'ready',
    ready: true,
    listening: false,
  });
  t.equal(unwrapFromPrimary(frame({ type: 'drain', timeout: '9' }), 'internal'), undefined);
  for (const message of [undefined, null, 'hello', 7, []]) {
    t.equal(unwrapFromWorker(message, 'internal'), undefined);
    t.equal(unwrapFromWorker(message, 'plain'), undefined);
  }
});

const serve = `
  const server = require('node:http').createServer((request, response) => {
    if (request.url.endsWith('tell')) response.writeEarlyHints({ link: '</>; rel=self', worker: process.pid });
    setTimeout(() => response.end(String(process.pid)), Number(new URL(request.url, 'http://a').searchParams.get('ms')));
  });`;

const listening = `
  let listening = 0;
  cluster.on('fork', (worker) => console.log('worker ' + worker.process.pid));
  cluster.on('listening', (worker, { port }) => {
    listening += 1;
    if (listening === 2) console.log('listening on http://127.0.0.1:' + port);
  });
  cluster.fork();
  cluster.fork();`;

t.test('neither side of an application hears what the library says', async (t) => {
  const program = `
    const cluster = require('node:cluster');
    if (cluster.isPrimary) {
      cluster.on('message', (worker, message) => console.log('heard ' + JSON.stringify(message)));
      ${listening}
    } else {
      process.on('message', (message) => console.log('heard ' + JSON.stringify(message)));
      ${serve}
      server.listen(0, '127.0.0.1', () => process.send('mine'));
    }`;
  const folder = t.testdir({ 'app.cjs': program });
  const cluster = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs` });
  const inFlight = await oneInEach(cluster, 2, 300);
  cluster.signal('SIGTERM');
  for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
  await ends(t, cluster, CLEAN);
  t.equal(await cluster.line('heard', 2), '"mine"');
  await t.rejects(cluster.line('heard', 3));
});

// Version 1 of the protocol spoke in ordinary messages.
const oldPrimary = (worker: string): string => `
    const cluster = require('node:cluster');
    const say = (worker, message) => worker.send({ 'graceful-cluster': 1, ...message });
    if (cluster.isPrimary) {
      cluster.on('fork', (worker) => say(worker, { type: 'welcome' }));
      const joined = new Set();
      let left = 2;
      cluster.on('message', (worker, { type, signal, report }) => {
        joined.add(worker);
        console.log('heard ' + type + ' ' + (signal ?? report?.clean ?? ''));
        if (type === 'hello') say(worker, { type: 'welcome' });
        if (type === 'report') left -= 1;
        if (left === 0) process.exit();
      });
      process.on('SIGTERM', () => {});
      process.on('SIGUSR2', () => {
        for (const worker of Object.values(cluster.workers)) say(worker, { type: 'announce' });
        setTimeout(() => {
          for (const worker of joined) {
            say(worker, { type: 'drain', reason: 'SIGTERM', timeout: 5_000, together: true });
          }
        }, 200);
      });
      ${listening}
    } else {
      ${serve}
      const start = () => {
        require('@graceful-cluster/core').createCoordinator().attach(server);
        server.listen(0, '127.0.0.1');
      };
      ${worker};
    }`;

t.test('a primary of version 1 decides for workers of this one, from its announcement on', async (t) => {
  const folder = t.testdir({ 'app.cjs': oldPrimary('setTimeout(start, 300)') });
  const cluster = await startCluster(t, { file: `${folder}/app.cjs` });
  const inFlight = await oneInEach(cluster, 2, 500);
  cluster.signal('SIGUSR2');
  for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
  t.equal(await cluster.line('heard report', 2), 'true');
  await ends(t, cluster, CLEAN);
});

t.test('workers of version 1 drain for a primary of this one', async (t) => {
  const program = `
    const cluster = require('node:cluster');
    const say = (message) => process.send({ 'graceful-cluster': 1, ...message });
    if (cluster.isPrimary) {
      import(${core}).then(({ superviseCluster }) => {
        superviseCluster().on('stopped', (report) => console.log('report ' + JSON.stringify(report)));
        ${listening}
      });
    } else {
      ${serve}
      process.on('SIGTERM', () => say({ type: 'signal', signal: 'SIGTERM' }));
      process.on('message', ({ type }) => {
        console.log('heard ' + type + ' ');
        if (type !== 'drain') return;
        server.close(() => {
          say({ type: 'progress', counts: { open: 0, inFlight: 0, idle: 0 }, waiting: [] });
          process.disconnect();
        });
      });
      say({ type: 'hello' });
      server.listen(0, '127.0.0.1', () => say({ type: 'ready', ready: true, listening: true }));
    }`;
  const folder = t.testdir({ 'app.cjs': program });
  const cluster = await startCluster(t, { file: `${folder}/app.cjs` });
  t.equal(await cluster.line('heard welcome', 2), '');
  const inFlight = await oneInEach(cluster, 2, 300);
  cluster.signalGroup('SIGTERM');
  t.equal(await cluster.line('heard announce', 2), '');
  t.equal(await cluster.line('heard drain', 2), '');
  for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
  t.equal(await request(cluster.port).ended, 'ECONNREFUSED');
  await ends(t, cluster, CLEAN);
});
