import { fileURLToPath } from 'node:url';
import t from 'tap';
import { ends, kill, oneInEach, request, startCluster } from './cluster-process.ts';
import { losesNobody, register, workerCode } from './preloaded.ts';

const CLEAN = { code: 0, signal: null };
const example = (name: string): string =>
  fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url));

// The programs are the ones that lose clients on their own: see plain-loses.test.ts and shutdown.test.ts.
t.test('a plain server', (t) => losesNobody(t, example('plain-server')));
t.test('a plain cluster', (t) => losesNobody(t, example('plain-cluster')));
t.test('a plain cluster, signal to the group', (t) =>
  losesNobody(t, example('plain-cluster'), { group: true }),
);

const clustered = (onSignal: string): string => `
  const cluster = require('node:cluster');
  const http = require('node:http');
  if (cluster.isPrimary) {
    let listening = 0;
    cluster.on('fork', (worker) => console.log('worker ' + worker.process.pid));
    cluster.on('exit', (worker) => cluster.fork());
    cluster.on('listening', (worker, { port }) => {
      listening += 1;
      if (listening >= 2) console.log('listening on http://127.0.0.1:' + port);
    });
    cluster.fork();
    cluster.fork();
    ${onSignal}
  } else {${workerCode}}`;

const primaries: Readonly<Record<string, string>> = {
  'has no handler': '',
  'disconnects the cluster': `process.on('SIGTERM', () => cluster.disconnect(() => process.exit(0)));`,
  'signals its workers': `process.on('SIGTERM', () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
  });`,
};

for (const [name, onSignal] of Object.entries(primaries)) {
  t.test(`a CommonJS cluster that respawns and ${name}`, async (t) => {
    const folder = t.testdir({ 'app.cjs': clustered(onSignal) });
    await losesNobody(t, `${folder}/app.cjs`);

    const cluster = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs` });
    const inFlight = await oneInEach(cluster, 2, 500);
    kill(cluster.workers()[0] ?? 0, 'SIGTERM');
    const bodies = await Promise.all(inFlight.map(({ ended }) => ended));
    t.same(new Set(bodies.map(Number)), new Set(cluster.workers().slice(0, 2)));
    await cluster.line('listening on', 2);
    t.match(await request(cluster.port).ended, /^\d+$/, 'the cluster goes on');
    cluster.signalGroup('SIGTERM');
    await ends(t, cluster, CLEAN);
  });
}

t.test('a cluster with several listeners, a Unix socket among them', async (t) => {
  const program = `
    const cluster = require('node:cluster');
    const http = require('node:http');
    const ports = new Set();
    if (cluster.isPrimary) {
      cluster.on('fork', (worker) => console.log('worker ' + worker.process.pid));
      cluster.on('listening', (worker, { port, address }) => {
        ports.add(port > 0 ? port : address);
        if (ports.size === 3) console.log('listening on ' + JSON.stringify([...ports]));
      });
      cluster.fork();
    } else {
      const serve = (request, response) => setTimeout(() => response.end(String(process.pid)), 1_000);
      http.createServer(serve).listen(require('node:os').tmpdir() + '/graceful-' + process.ppid + '.sock');
      for (const port of [0, 0]) http.createServer(serve).listen(port, '127.0.0.1');
    }`;
  const folder = t.testdir({ 'app.cjs': program });
  const cluster = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs` });
  const addresses = JSON.parse(await cluster.line('listening on')) as (number | string)[];
  const inFlight = addresses.map((address) => request(address));
  await Promise.all(inFlight.map(({ connected }) => connected));
  cluster.signal('SIGTERM');
  const refused = await Promise.all(addresses.map(refusalOf));
  for (const code of refused) t.match(code, /^(ECONNREFUSED|ENOENT)$/);
  for (const { ended } of inFlight) t.equal(await ended, String(cluster.workers()[0]));
  await ends(t, cluster, CLEAN);
});

/** How an address refuses, as soon as it does. */
async function refusalOf(address: number | string): Promise<string> {
  for (;;) {
    const ended = await request(address).ended;
    if (!/^\d+$/.test(ended)) return ended;
  }
}

t.test('a program with a server in its primary, and one that it closes and opens again', async (t) => {
  const program = `
    const http = require('node:http');
    const server = http.createServer((request, response) => setTimeout(() => response.end('1'), 300));
    server.listen(0, () => server.close(() => server.listen(0, '127.0.0.1', () => {
      console.log('listening on http://127.0.0.1:' + server.address().port);
    })));
    process.on('SIGTERM', () => server.close(() => console.log('closed by itself')));`;
  const folder = t.testdir({ 'app.cjs': program });
  const server = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs` });
  const inFlight = request(server.port);
  await inFlight.connected;
  server.signal('SIGTERM');
  t.equal(await inFlight.ended, '1');
  await ends(t, server, CLEAN);
  t.ok(await server.line('closed by'));
});

t.test('a program without a server dies of a signal as before', async (t) => {
  const folder = t.testdir({ 'app.cjs': `setInterval(() => {}, 1000); console.log('up now');` });
  const program = await startCluster(t, { nodeOptions: register, file: `${folder}/app.cjs`, until: 'up' });
  program.signal('SIGTERM');
  await ends(t, program, { code: null, signal: 'SIGTERM' });
});

t.test('a program that supervises by itself keeps its supervisor', async (t) => {
  const cluster = await startCluster(t, { nodeOptions: register });
  const inFlight = await oneInEach(cluster, 2, 500);
  cluster.signalGroup('SIGTERM');
  const bodies = await Promise.all(inFlight.map(({ ended }) => ended));
  t.same(new Set(bodies.map(Number)), new Set(cluster.workers()));
  await ends(t, cluster, CLEAN);
  t.equal((await cluster.report()).workers.length, 2);
});
