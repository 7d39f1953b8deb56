// The primary serves, with `--import`, and its workers, which listen nowhere, compute for it over IPC. Right: the request that waits
// for its result is answered, exit 0.
import cluster from 'node:cluster';
import http from 'node:http';
import { control, serve, sleep, test } from '../lib.mjs';

await test({
  detached: true,
  register: !control,
  program: async () => {
    if (!cluster.isPrimary) {
      process.on('message', async ({ id, ms }) => {
        await sleep(ms);
        process.send({ id });
      });
      process.send({ id: 0 });
      return;
    }
    const worker = cluster.fork();
    let jobs = 0;
    const compute = (request, response) => {
      const id = (jobs += 1);
      const ms = Number(new URL(request.url, 'http://localhost').searchParams.get('ms'));
      const onMessage = (message) => {
        if (message.id !== id) return;
        worker.off('message', onMessage);
        response.end('done');
      };
      worker.on('message', onMessage).send({ id, ms });
    };
    await new Promise((resolve) => worker.once('message', resolve));
    const server = await serve(http.createServer(compute));
    process.on('SIGTERM', () => server.close(() => cluster.disconnect(() => process.exit(0))));
  },
  right: ({ request, code }) => request === 200 && code === 0,
});
