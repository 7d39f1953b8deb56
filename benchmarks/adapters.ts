// How many requests per second does an adapter cost while nothing is shutting down?
//   npm run bench -- adapters [--rounds 4] [--seconds 5] [--connections 50] [--quick] [--node PATH]
import { fileURLToPath } from 'node:url';
import { startChild } from './helpers/child.ts';
import { onServerCore, pinned, printHeader, printLoad } from './helpers/machine.ts';
import { readOptions } from './helpers/options.ts';
import { printSteadyState } from './helpers/steady-results.ts';
import { measureSteadyState } from './helpers/steady-runs.ts';

const options = readOptions({ rounds: [4, 2], seconds: [5, 2], connections: [50, 50] });
printHeader('adapters: requests per second with the adapter and without it', options.node);
if (!pinned) console.log('Servers and clients share their cores: expect more noise.');

const program = fileURLToPath(new URL('adapters-server.js', import.meta.url));
for (const framework of ['fastify', 'express']) {
  const rounds = await measureSteadyState(framework, options, async (kind) => {
    const child = startChild(onServerCore([options.node, program, framework, kind]));
    const [url] = await child.find(/http:\/\/127\.0\.0\.1:\d+/);
    return { ...child, url };
  });
  printSteadyState(framework, rounds, options);
}
printLoad('at the end');
