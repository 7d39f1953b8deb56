// The handler of the signal asks a child process and a worker thread to stop, each of which flushes for 600 ms, and exits with the
// child's code. Right: request answered, both flushed, exit 3.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createCoordinator } from '@graceful-cluster/core';
import { control, serve, test } from './lib.mjs';

const child = `
  process.on('SIGTERM', () => setTimeout(() => { console.log('child flushed'); process.exit(3); }, 600));
  setInterval(() => {}, 1000);
  console.log('up');
`;
const thread = `
  const { parentPort } = require('node:worker_threads');
  parentPort.once('message', () => setTimeout(() => parentPort.postMessage('thread flushed'), 600));
`;

await test({
  slow: 500,
  program: async () => {
    const helper = spawn(process.execPath, ['-e', child], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(helper.stdout, 'data');
    helper.stdout.on('data', (text) => process.stdout.write(text));
    const worker = new Worker(thread, { eval: true });
    worker.on('message', console.log);
    const server = await serve();
    if (!control) createCoordinator().attach(server);
    const ended = Promise.all([once(helper, 'exit'), once(worker, 'exit')]);
    void ended.then(([[code]]) => process.exit(code));
    process.on('SIGTERM', () => {
      helper.kill();
      worker.postMessage('stop');
    });
  },
  right: ({ request, code, out }) =>
    request === 200 && code === 3 && out.includes('child flushed') && out.includes('thread flushed'),
});
