// A cluster of plain Node, rolled by the recipe of Node's documentation (`worker.disconnect`): the new worker listens,
// the old one is told `shutdown` and disconnected, and killed if it is still there two seconds later. On SIGUSR2.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';

const KILL_MS = 2_000;

if (cluster.isPrimary) startPrimary();
else startWorker();

function startPrimary(): void {
  const workers = Number(process.env['WORKERS'] ?? 4);
  let listening = 0;
  cluster.on('fork', (worker) => console.log(`worker ${worker.process.pid}`));
  cluster.on('listening', (_worker, { port }) => {
    listening += 1;
    if (listening === workers) console.log(`listening on http://127.0.0.1:${port}`);
  });
  for (let number = 0; number < workers; number += 1) cluster.fork();
  process.on('SIGUSR2', () => void roll());
}

async function roll(): Promise<void> {
  const start = performance.now();
  let killed = 0;
  const old = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  for (const worker of old) {
    await once(cluster.fork(), 'listening');
    killed += (await dismiss(worker)) ? 1 : 0;
  }
  const report = { replaced: old.length, killed, moved: 0, duration: performance.now() - start };
  console.log(`reloaded ${JSON.stringify(report)}`);
}

/** @returns whether it had to be killed */
async function dismiss(worker: Worker): Promise<boolean> {
  let killed = false;
  const exited = once(worker, 'exit');
  worker.send('shutdown');
  worker.disconnect();
  const timer = setTimeout(() => {
    killed = true;
    worker.kill();
  }, KILL_MS);
  await exited;
  clearTimeout(timer);
  return killed;
}

function startWorker(): void {
  const server = createServer({ keepAliveTimeout: 60_000 }, (_request, response) =>
    response.end(String(process.pid)),
  );
  server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1');
  process.on('message', (message) => {
    if (message === 'shutdown') server.close();
  });
}
