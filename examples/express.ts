// One line more than any Express server: SIGTERM and SIGINT stop it without losing a request.
import express from 'express';
import { graceful } from '@graceful-cluster/express';

const app = express();
app.use(graceful({ health: true }));

app.get('/', (_request, response) => {
  response.send('hello\n');
});

app.get('/slow', (request, response) => {
  setTimeout(() => response.send('slow\n'), Number(request.query['ms'] ?? 800));
});

const server = app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1', () => {
  const address = server.address();
  console.log(`listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`);
});
