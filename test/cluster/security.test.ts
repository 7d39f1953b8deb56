import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ends, request, startCluster } from './cluster-process.ts';
import { startServer, short, stop } from '../helpers/shutdown.ts';

const core = JSON.stringify(import.meta.resolve('@graceful-cluster/core'));

t.test('nothing that a worker says stops the primary, or another worker', async (t) => {
  const program = `
    import cluster from 'node:cluster';
    import { createServer } from 'node:http';
    import { createCoordinator, superviseCluster } from ${core};
    if (cluster.isPrimary) {
      superviseCluster({ workers: 2 }).on('stopped', (report) => console.log('report ' + JSON.stringify(report)));
      cluster.on('fork', (worker) => console.log('worker ' + worker.process.pid));
      let listening = 0;
      cluster.on('listening', (worker, { port }) => {
        listening += 1;
        if (listening === 2) console.log('listening on http://127.0.0.1:' + port);
      });
    } else {
      const orders = ['welcome', 'farewell', 'announce', 'ask-handlers', 'given', 'drain', 'cleanup', 'report', 'give'];
      const server = createServer((request, response) => {
        if (request.url === '/say') {
          for (const type of orders) {
            const order = { type, reason: 'SIGTERM', signal: 'SIGKILL', timeout: 0, together: true, id: 1, taken: true };
            process.send({ cmd: 'NODE_GRACEFUL_CLUSTER', version: 2, ...order });
            process.send({ 'graceful-cluster': 1, ...order });
            process.send({ cmd: 'shutdown', ...order });
          }
        }
        response.end(String(process.pid));
      });
      createCoordinator().attach(server);
      server.listen(0, '127.0.0.1');
    }`;
  const folder = t.testdir({ 'app.mjs': program });
  const cluster = await startCluster(t, { file: `${folder}/app.mjs` });
  const before = cluster.workers();
  for (let count = 0; count < 4; count += 1) await request(cluster.port, '/say').ended;
  await sleep(500);
  const answers = [];
  for (let count = 0; count < 4; count += 1) answers.push(Number(await request(cluster.port).ended));
  t.same(new Set(answers), new Set(before), 'both workers answer');
  t.same(cluster.workers(), before, 'none was replaced');
  cluster.signal('SIGTERM');
  await ends(t, cluster, { code: 0, signal: null });
});

t.test(
  'no client keeps a stop from ending, and what it dribbles does not decide the exit code',
  async (t) => {
    const child = await startServer(t, { kind: 'http', options: short });
    const say = (text: string, again: string): NodeJS.Timeout => {
      const socket = connect(child.port, '127.0.0.1').on('error', () => {});
      socket.write(text);
      t.teardown(() => socket.destroy());
      return setInterval(() => socket.write(again), 50);
    };
    const dribbling = [
      say('GET / HTTP/1.1\r\nHost: a\r\nX-Dribble: ', 'x'),
      say('\r\n', '\r\n'),
      say('', '\u0016'),
      say('GET /%00 HTTP/9.9\r\n\r\n', '\u0000\u00ff'),
    ];
    const busy = setInterval(
      () =>
        connect(child.port, '127.0.0.1')
          .on('error', () => {})
          .destroy(),
      10,
    );
    await sleep(300);
    const { code, signal, report, took } = await (await stop(child)).ended;
    for (const timer of [...dribbling, busy]) clearInterval(timer);
    t.same([code, signal, report.clean], [0, null, true]);
    t.ok(took < short.timeout, `it took ${took} ms`);
  },
);

t.test('a client that never reads its answer gets no more than the time there is', async (t) => {
  const child = await startServer(t, { kind: 'http', options: short });
  const socket = connect(child.port, '127.0.0.1').pause();
  socket.on('error', () => {}).write('GET /flood HTTP/1.1\r\nHost: a\r\n\r\n');
  t.teardown(() => socket.destroy());
  await child.line('request');
  const { code, signal, report, took } = await (await stop(child)).ended;
  t.same([code, signal], [1, null], 'a request that was cut is told of, whoever is to blame');
  t.match(report.connections.cut, [{ kind: 'request', requests: 1, lost: true }]);
  t.ok(took < short.timeout, `it took ${took} ms`);
});
