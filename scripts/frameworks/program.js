// A server of one of the frameworks in programs.js, which stops by itself on SIGTERM; or one with an agent, of
// agents.js. node program.js <graceful | register | plain> <name>
// `graceful` uses the adapter, or attach; `register` is run with --import; `plain` is Node alone. With CLUSTER it is a
// cluster of two workers. It prints `worker <pid>`, `ready <port>`, `hook` when our hook ran, and `cleaned` when the
// program's own cleanup is over.
import cluster from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import { getCoordinator, superviseCluster } from '@graceful-cluster/core';
import { agents } from './agents.js';
import { programs } from './programs.js';

const [way, name] = process.argv.slice(2);

if (process.env.CLUSTER === undefined || cluster.isWorker) {
  const server = await { ...programs, ...agents }[name]({
    graceful: way === 'graceful',
    attach: (target) => way === 'graceful' && getCoordinator().attach(target),
    wait: (url) => sleep(url === '/slow' ? 1_000 : 0),
    cleanup: async () => {
      await sleep(400);
      console.log('cleaned');
    },
  });
  if (way !== 'plain') getCoordinator().onShutdown('database', () => console.log('hook'));
  if (cluster.isPrimary) console.log(`ready ${server.address().port}`);
  else cluster.worker.send('serves');
} else {
  let serving = 0;
  let port;
  cluster.on('fork', (worker) => console.log(`worker ${worker.process.pid}`));
  cluster.on('listening', (_worker, address) => ({ port } = address));
  cluster.on('message', (_worker, message) => {
    if (message === 'serves') serving += 1;
    if (serving === 2) console.log(`ready ${port}`);
  });
  if (way === 'graceful') superviseCluster({ workers: 2 });
  else for (let count = 0; count < 2; count += 1) cluster.fork();
}
