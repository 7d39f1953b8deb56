// How many requests per second does the coordinator cost while nothing is shutting down?
//   npm run bench -- steady-state [--rounds 10] [--seconds 5] [--connections 50] [--loaded 1] [--quick] [--node PATH]
// With --loaded 1 the control is a plain server that has loaded the package and makes no use of it: what a larger heap
// and more code cost by themselves, on no path of ours.
import { pinned, printHeader, printLoad } from './helpers/machine.ts';
import { readOptions } from './helpers/options.ts';
import { startServer } from './helpers/server.ts';
import { describeEfficiency, printSteadyState } from './helpers/steady-results.ts';
import { measureSteadyState } from './helpers/steady-runs.ts';
import { printRow } from './helpers/targets.ts';

const options = readOptions({ rounds: [10, 2], seconds: [5, 2], connections: [50, 50], loaded: [0, 0] });
printHeader('steady-state: requests per second with the coordinator and without it', options.node);
if (!pinned) console.log('Servers and clients share their cores: expect more noise.');

const load = options.loaded > 0 ? ['--import', import.meta.resolve('@graceful-cluster/core')] : [];
if (options.loaded > 0) console.log('The control has loaded the package and makes no use of it.');
const rounds = await measureSteadyState('node:http', options, async (kind, name) => {
  const server = await startServer(kind, options.node, name === 'control' ? load : []);
  return { ...server, url: `http://127.0.0.1:${server.port}/` };
});
printSteadyState('node:http', rounds, options);
printRow('request', describeEfficiency(rounds));
printLoad('at the end');
