// Express in a cluster: the primary closes the listeners, and each worker joins its shutdown by itself.
import cluster from 'node:cluster';
import express from 'express';
import { graceful, superviseCluster } from '@graceful-cluster/express';

if (cluster.isPrimary) {
  superviseCluster({ workers: 2 });
  cluster.on('listening', (_worker, { address, port }) => {
    console.log(`listening on http://${address}:${port}`);
  });
} else {
  const app = express();
  app.use(graceful());

  app.get('/', (_request, response) => {
    response.send('hello\n');
  });
  app.get('/slow', (request, response) => {
    setTimeout(() => response.send('slow\n'), Number(request.query['ms'] ?? 800));
  });

  app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
}
