// NestJS on Fastify. Instead of `app.enableShutdownHooks()`, which would close the app before its last request.
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import gracefulCluster from '@graceful-cluster/fastify';
import { AppModule } from './nest-app.ts';

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter(), {
  logger: ['error', 'warn'],
});
await app.register(gracefulCluster);
app
  .getHttpAdapter()
  .getInstance()
  .coordinator.onShutdown('nest', () => app.close());

await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
