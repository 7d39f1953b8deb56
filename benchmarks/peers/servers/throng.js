// `throng({ worker, count })`, and `disconnect()` in each worker on SIGTERM, as its README shows it.
import { createServer } from 'node:http';
import throng from 'throng';
import { answer, host, port, workers } from './app.js';

void throng({
  count: workers,
  worker: (_id, disconnect) => {
    createServer(answer).listen(port, host);
    process.once('SIGTERM', () => disconnect());
  },
});
