// Clusters that are told to stop by their own primary, and whose workers are started in a way of their own. Each is run
// under --import, and stopped under load by a signal to the primary alone.
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { ends, kill, oneInEach, request, startCluster } from './cluster-process.ts';
import { losesNobody, register, workerCode } from './preloaded.ts';

const CLEAN = { code: 0, signal: null };
const program = (primary: string, worker = ''): string => `
  const cluster = require('node:cluster');
  const http = require('node:http');
  const workers = () => Object.values(cluster.workers);
  const fork = (env) => { cluster.fork(env); cluster.fork(env); };
  const cleanUp = (milliseconds) => setTimeout(() => {
    console.log('cleaned up');
    process.exit(0);
  }, milliseconds);
  if (cluster.isPrimary) {
    let listening = 0;
    cluster.on('fork', (worker) => console.log('worker ' + worker.process.pid));
    cluster.on('listening', (worker, { port }) => {
      listening += 1;
      if (listening === 2) console.log('listening on http://127.0.0.1:' + port);
    });
    ${primary}
  } else {
    ${workerCode}
    ${worker}
  }`;

const stopsWell = (t: Test, text: string): Promise<void> =>
  losesNobody(t, `${t.testdir({ 'app.cjs': text })}/app.cjs`, { tells: true });

/** The primary's listener of the signal, which tells each worker. */
const sends = (message: string): string =>
  `fork(); process.on('SIGTERM', () => { for (const worker of workers()) worker.send(${message}); });`;

const stops: Readonly<Record<string, string>> = {
  'closes and exits': program(
    sends(`'shutdown'`),
    `process.on('message', (message) => {
      if (message === 'shutdown') server.close(() => process.exit(0));
    });`,
  ),
  'closes and disconnects': program(
    sends(`{ cmd: 'stop' }`),
    `process.on('message', ({ cmd }) => {
      if (cmd === 'stop') server.close(() => process.disconnect());
    });`,
  ),
  'exits at once': program(
    sends(`'exit'`),
    `process.on('message', (message) => {
      if (message === 'exit') process.exit(0);
    });`,
  ),
};
for (const [name, text] of Object.entries(stops)) {
  t.test(`a worker that ${name} on a message of its primary`, (t) => stopsWell(t, text));
}

const signals = `process.on('SIGTERM', () => { for (const worker of workers()) worker.kill(); });`;

/** Answers with an event stream, for which a stop does not wait before it runs the program's own listeners. */
const streams = `server.removeAllListeners('request').on('request', (request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\\n\\n');
});`;

for (const call of ['process.disconnect()', 'cluster.worker.disconnect()']) {
  const listener = `process.on('SIGTERM', () => setTimeout(() => ${call}, 600));`;
  t.test(`workers that call ${call} on the signal`, (t) =>
    stopsWell(t, program(`fork(); ${signals}`, listener.replace('600', '0'))),
  );
  t.test(`a worker that calls ${call} while it drains still reports`, async (t) => {
    const folder = t.testdir({ 'app.cjs': program(`fork(); ${signals}`, `${streams} ${listener}`) });
    const env = { GRACEFUL_CLUSTER_TIMEOUT: '3000' };
    const cluster = await startCluster(t, { env, nodeOptions: register, file: `${folder}/app.cjs` });
    const { socket, connected, ended } = request(cluster.port);
    let received = '';
    socket.on('data', (data: Buffer) => (received += data));
    await connected;
    await sleep(200);
    cluster.signal('SIGTERM');
    await ends(t, cluster, CLEAN, { timeout: 3_000 });
    await ended;
    t.match(received, /data: 1\n\n\r\n0\r\n\r\n$/, 'the stream is ended as a response is');
  });
}

/** Longer than the drain, and than the flush behind it. */
const CLEANUP_MS = 1_500;

t.test('idle workers that clean up on a signal which their primary passes on', async (t) => {
  const listener = `process.on('SIGTERM', () => { server.close(); cleanUp(${CLEANUP_MS}); });`;
  const folder = t.testdir({ 'app.cjs': program(`fork(); ${signals}`, listener) });
  const cluster = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs` });
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN);
  t.equal(cluster.lines('cleaned').length, 2);
});

t.test('a primary that dies while its workers drain', async (t) => {
  const notes = `process.on('disconnect', () => console.log('disconnected ' + process.connected));`;
  // The request outlasts two progress messages.
  const folder = t.testdir({ 'app.cjs': program(`fork(); ${signals}`, notes) });
  const cluster = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs` });
  const inFlight = await oneInEach(cluster, 2, 1_500);
  cluster.signal('SIGTERM');
  await sleep(200);
  kill(cluster.pid, 'SIGKILL');
  for (const { worker, ended } of inFlight) t.equal(await ended, String(await worker));
  await ends(t, cluster, { code: null, signal: 'SIGKILL' }, { timeout: 3_000 });
  t.same(cluster.lines('disconnected'), ['false', 'false']);
  t.notMatch(cluster.stderr(), /Error/);
});

t.test('a worker without a server, which the primary kills', async (t) => {
  const idle = `if (process.env.JOB) setInterval(() => {}, 1_000); else server.listen(process.env.PORT, '127.0.0.1');`;
  const text = program(`fork(); cluster.fork({ JOB: '1' }); ${signals}`).replace(/server\.listen.*/, idle);
  const folder = t.testdir({ 'app.cjs': text });
  const cluster = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs` });
  await cluster.line('worker', 3);
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN, { timeout: 3_000 });
});

for (const [message, isIt] of [
  [`'shutdown'`, `message === 'shutdown'`],
  [`{ type: 'SHUTDOWN' }`, `message.type === 'SHUTDOWN'`],
] as const) {
  t.test(`a worker that cleans up on the message ${message}`, async (t) => {
    const listener = `process.on('message', (message) => { if (${isIt}) cleanUp(${CLEANUP_MS}); });`;
    const folder = t.testdir({ 'app.cjs': program(sends(message), listener) });
    const cluster = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs` });
    const inFlight = await oneInEach(cluster, 2, 500);
    cluster.signal('SIGTERM');
    for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
    await ends(t, cluster, CLEAN);
    t.equal(cluster.lines('cleaned').length, 2);
  });
}

t.test('a worker that is talked to all the time, and sets timers, stops as soon as it may', async (t) => {
  const talks = `setInterval(() => { for (const worker of workers()) worker.send({ type: 'ping' }); }, 20); fork();`;
  // It holds the loop for longer than the cluster may take.
  const answers = `process.on('message', () => { process.send({ type: 'pong' }); setTimeout(() => {}, 60_000); });`;
  const folder = t.testdir({ 'app.cjs': program(talks, answers) });
  const cluster = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs` });
  await sleep(100);
  cluster.signal('SIGTERM');
  await ends(t, cluster, CLEAN, { timeout: 4_000 });
});

const starts: Readonly<Record<string, string>> = {
  'flags of their own': `cluster.setupPrimary({ execArgv: ['--max-old-space-size=200'] }); fork();`,
  'no flags': `cluster.setupPrimary(); cluster.settings.execArgv = []; fork();`,
  'NODE_OPTIONS of their own': `fork({ NODE_OPTIONS: '--no-warnings' });`,
};
for (const [name, start] of Object.entries(starts)) {
  t.test(`workers with ${name}`, (t) => stopsWell(t, program(`${start} ${signals}`)));
}

t.test('workers with NODE_OPTIONS of their own, where those of the primary have --import', async (t) => {
  const folder = t.testdir({ 'app.cjs': program(`fork({ NODE_OPTIONS: '--no-warnings' });`) });
  const env = { NODE_OPTIONS: register.join(' ') };
  const cluster = await startCluster(t, { env, file: `${folder}/app.cjs` });
  const inFlight = await oneInEach(cluster, 2, 500);
  cluster.signalGroup('SIGTERM');
  for (const { ended } of inFlight) t.match(await ended, /^\d+$/);
  await ends(t, cluster, CLEAN);
});
