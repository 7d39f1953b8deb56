// A server that loads everything by `require`, as most programs with an agent do: the agent is put in front by
// `--require`, so this program names none.
//   node program.js <graceful | register> <http | express | fastify>
// `graceful` uses the adapter, or attach; `register` is run with --require or --import. With CLUSTER it is a cluster of
// two workers, all of which the test signals; with PRIMARY_ALONE only their primary. It prints as ../program.js does.
const cluster = require('node:cluster');
const { createServer } = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');
const { getCoordinator, superviseCluster } = require('@graceful-cluster/core');

const [way, name] = process.argv.slice(2);
const isGraceful = way === 'graceful';
const address = { host: '127.0.0.1', port: 0 };
const wait = (url) => sleep(url === '/slow' ? 1_000 : 0);

/** Each returns its server. */
const servers = {
  http: () => {
    const server = createServer(async (request, response) => {
      await wait(request.url);
      response.end('ok');
    });
    if (isGraceful) getCoordinator().attach(server);
    return server.listen(address);
  },
  express: () => {
    const express = require('express');
    const app = express();
    if (isGraceful) app.use(require('@graceful-cluster/express').graceful());
    app.use((request, response) => {
      void wait(request.url).then(() => response.send('ok'));
    });
    return app.listen(address.port, address.host);
  },
  fastify: () => {
    const app = require('fastify')();
    if (isGraceful) app.register(require('@graceful-cluster/fastify'));
    app.get('/*', (request) => wait(request.url).then(() => 'ok'));
    void app.listen(address);
    return app.server;
  },
};

if (cluster.isPrimary && process.env.CLUSTER !== undefined) {
  let serving = 0;
  if (process.env.PRIMARY_ALONE === undefined)
    cluster.on('fork', (worker) => console.log(`worker ${worker.process.pid}`));
  cluster.on('listening', (_worker, { port }) => {
    serving += 1;
    if (serving === 2) console.log(`ready ${port}`);
  });
  if (isGraceful) superviseCluster({ workers: 2 });
  else for (let count = 0; count < 2; count += 1) cluster.fork();
} else {
  const server = servers[name]();
  getCoordinator().onShutdown('database', () => console.log('hook'));
  if (cluster.isPrimary) server.on('listening', () => console.log(`ready ${server.address().port}`));
}
