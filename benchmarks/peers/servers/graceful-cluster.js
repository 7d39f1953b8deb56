// `GracefulCluster.start()` with a `GracefulServer` in each worker, the two steps of its README.
import { createServer } from 'node:http';
import gracefulCluster from 'graceful-cluster';
import { answer, host, port, workers } from './app.js';

const { GracefulCluster, GracefulServer } = gracefulCluster;
const shutdownTimeout = 10_000;
GracefulCluster.start({
  workersCount: workers,
  shutdownTimeout,
  serverFunction: () => {
    const server = createServer(answer).listen(port, host);
    return new GracefulServer({ server, shutdownTimeout });
  },
});
