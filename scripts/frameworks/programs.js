// Each of these stops as the documentation of its framework says. Given are:
//   graceful  whether the adapter is to be used    attach   attaches a server, where that is the way
//   wait      what a request does                  cleanup  what the program does last
import { once } from 'node:events';
import { createServer } from 'node:http';

const host = '127.0.0.1';
const onSignal = (listener) => process.once('SIGTERM', listener);

export async function serve(given) {
  const server = createServer(async (request, response) => {
    await given.wait(request.url);
    response.end('ok');
  }).listen(0, host);
  await once(server, 'listening');
  given.attach(server);
  return server;
}

async function serveFastify(given) {
  const { default: fastify } = await import('fastify');
  const app = fastify();
  if (given.graceful) await app.register((await import('@graceful-cluster/fastify')).gracefulCluster);
  app.get('/*', (request) => given.wait(request.url).then(() => 'ok'));
  return app;
}

/** A Nest module that cleans up last. */
async function nestModule(given) {
  await import('reflect-metadata');
  const { Module } = await import('@nestjs/common');
  class Root {
    onApplicationShutdown() {
      return given.cleanup();
    }
  }
  Module({})(Root);
  return Root;
}

export const programs = {
  'Fastify, close on the signal': async (given) => {
    const app = await serveFastify(given);
    app.addHook('onClose', given.cleanup);
    await app.listen({ host, port: 0 });
    onSignal(() => app.close());
    return app.server;
  },
  'Fastify, close and exit': async (given) => {
    const app = await serveFastify(given);
    app.addHook('onClose', given.cleanup);
    await app.listen({ host, port: 0 });
    onSignal(async () => {
      await app.close();
      process.exit(0);
    });
    return app.server;
  },
  'Nest on Express': async (given) => {
    const { NestFactory } = await import('@nestjs/core');
    const app = await NestFactory.create(await nestModule(given), { logger: false });
    if (given.graceful) app.use((await import('@graceful-cluster/express')).graceful());
    app.enableShutdownHooks();
    app.use((request, response) => {
      void given.wait(request.originalUrl).then(() => response.end('ok'));
    });
    await app.listen(0, host);
    return app.getHttpServer();
  },
  'Nest on Fastify': async (given) => {
    const { NestFactory } = await import('@nestjs/core');
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    const adapter = new FastifyAdapter();
    const app = await NestFactory.create(await nestModule(given), adapter, { logger: false });
    if (given.graceful) await app.register((await import('@graceful-cluster/fastify')).gracefulCluster);
    app.enableShutdownHooks();
    adapter.getInstance().get('/*', (request) => given.wait(request.url).then(() => 'ok'));
    await app.listen(0, host);
    return app.getHttpServer();
  },
  'hapi, stop and exit': async (given) => {
    const { default: Hapi } = await import('@hapi/hapi');
    const server = Hapi.server({ host, port: 0 });
    const handler = async (request) => {
      await given.wait(request.path);
      return 'ok';
    };
    server.route({ method: 'GET', path: '/{any*}', handler });
    server.ext('onPostStop', given.cleanup);
    given.attach(server.listener);
    await server.start();
    onSignal(async () => {
      await server.stop({ timeout: 5_000 });
      process.exit(0);
    });
    return server.listener;
  },
  Koa: async (given) => {
    const { default: Koa } = await import('koa');
    const app = new Koa();
    app.use(async (context) => {
      await given.wait(context.url);
      context.body = 'ok';
    });
    const server = app.listen(0, host);
    await once(server, 'listening');
    given.attach(server);
    onSignal(() => {
      server.close(async () => {
        await given.cleanup();
        process.exit(0);
      });
    });
    return server;
  },
  'Socket.IO': async (given) => {
    const { Server } = await import('socket.io');
    const server = await serve(given);
    const io = new Server(server);
    onSignal(async () => {
      await io.close();
      await given.cleanup();
    });
    return server;
  },
  'Apollo Server, its drain plugin': async (given) => {
    const { default: express } = await import('express');
    const { ApolloServer } = await import('@apollo/server');
    const { expressMiddleware } = await import('@as-integrations/express5');
    const { ApolloServerPluginDrainHttpServer } = await import('@apollo/server/plugin/drainHttpServer');
    const app = express();
    const server = createServer(app);
    const apollo = new ApolloServer({
      typeDefs: 'type Query { wait(url: String): String }',
      resolvers: { Query: { wait: (_root, { url }) => given.wait(url).then(() => 'ok') } },
      csrfPrevention: false,
      plugins: [
        ApolloServerPluginDrainHttpServer({ httpServer: server }),
        { serverWillStart: async () => ({ serverWillStop: given.cleanup }) },
      ],
    });
    await apollo.start();
    app.use(
      (request, _response, next) => {
        request.url = `/?query=${encodeURIComponent(`{ wait(url: "${request.url}") }`)}`;
        next();
      },
      express.json(),
      expressMiddleware(apollo),
    );
    given.attach(server);
    await once(server.listen(0, host), 'listening');
    return server;
  },
  '@godaddy/terminus': async (given) => {
    const { createTerminus } = await import('@godaddy/terminus');
    const server = await serve(given);
    createTerminus(server, { signal: 'SIGTERM', onSignal: given.cleanup });
    return server;
  },
  'close-with-grace': async (given) => {
    const { default: closeWithGrace } = await import('close-with-grace');
    const server = await serve(given);
    closeWithGrace({ delay: 5_000 }, async () => {
      await new Promise((resolve) => server.close(resolve));
      await given.cleanup();
    });
    return server;
  },
  'close-with-grace, Fastify': async (given) => {
    const { default: closeWithGrace } = await import('close-with-grace');
    const app = await serveFastify(given);
    app.addHook('onClose', given.cleanup);
    closeWithGrace({ delay: 5_000 }, () => app.close());
    await app.listen({ host, port: 0 });
    return app.server;
  },
  'fastify-graceful-shutdown': async (given) => {
    const { default: gracefulShutdown } = await import('fastify-graceful-shutdown');
    const app = await serveFastify(given);
    await app.register(gracefulShutdown, { resetHandlersOnInit: true });
    app.gracefulShutdown(given.cleanup);
    await app.listen({ host, port: 0 });
    return app.server;
  },
  'signal-exit, by a dependency': async (given) => {
    const { onExit } = await import('signal-exit');
    onExit(() => console.log('cleaned'));
    return serve(given);
  },
  'signal-exit 3, by a dependency': async (given) => {
    const { default: onExit } = await import('signal-exit-3');
    onExit(() => console.log('cleaned'));
    return serve(given);
  },
  'http-terminator': async (given) => {
    const { createHttpTerminator } = await import('http-terminator');
    const server = await serve(given);
    const terminator = createHttpTerminator({ server });
    onSignal(async () => {
      await terminator.terminate();
      await given.cleanup();
      process.exit(0);
    });
    return server;
  },
  'http-graceful-shutdown': async (given) => {
    const { default: gracefulShutdown } = await import('http-graceful-shutdown');
    const server = await serve(given);
    gracefulShutdown(server, { onShutdown: given.cleanup });
    return server;
  },
  stoppable: async (given) => {
    const { default: stoppable } = await import('stoppable');
    const server = stoppable(await serve(given), 5_000);
    onSignal(() => {
      server.stop(async () => {
        await given.cleanup();
        process.exit(0);
      });
    });
    return server;
  },
};
