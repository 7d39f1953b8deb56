// NestJS on Express. Instead of `app.enableShutdownHooks()`, which would close the app before its last request.
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { graceful } from '@graceful-cluster/express';
import { AppModule } from './nest-app.ts';

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['error', 'warn'] });
const middleware = graceful();
app.use(middleware);
middleware.coordinator.onShutdown('nest', () => app.close());

await app.listen(Number(process.env['PORT'] ?? 3000), '127.0.0.1');
console.log(`listening on ${await app.getUrl()}`);
