// How many requests per second does the coordinator cost while nothing is shutting down?
//   npm run bench -- steady-state [--rounds 12] [--seconds 5] [--connections 50] [--quick] [--node PATH]
import { pinned, printHeader, printLoad } from './helpers/machine.ts';
import { readOptions } from './helpers/options.ts';
import { startServer } from './helpers/server.ts';
import { printSteadyState } from './helpers/steady-results.ts';
import { measureSteadyState } from './helpers/steady-runs.ts';

const options = readOptions({ rounds: [12, 2], seconds: [5, 2], connections: [50, 50] });
printHeader('steady-state: requests per second with the coordinator and without it', options.node);
if (!pinned) console.log('Servers and clients share their cores: expect more noise.');

const rounds = await measureSteadyState('node:http', options, async (kind) => {
  const server = await startServer(kind, options.node);
  return { ...server, url: `http://127.0.0.1:${server.port}/` };
});
printSteadyState('node:http', rounds, options);
printLoad('at the end');
