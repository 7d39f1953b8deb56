// adapters-server.js fastify|express plain|graceful
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import { graceful } from '@graceful-cluster/express';
import gracefulCluster from '@graceful-cluster/fastify';

const [framework, kind] = process.argv.slice(2);

if (framework === 'fastify') {
  const fastify = Fastify();
  if (kind === 'graceful') await fastify.register(gracefulCluster);
  fastify.get('/', async () => 'hello\n');
  console.log(await fastify.listen({ port: 0, host: '127.0.0.1' }));
} else {
  const app = express();
  if (kind === 'graceful') app.use(graceful());
  app.get('/', (_request, response) => {
    response.send('hello\n');
  });
  const server = app.listen(0, '127.0.0.1', () => {
    console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
}
