// Programs that a user would write, in JavaScript that is TypeScript too. Each asks itself for a page, gets SIGTERM
// while it makes the answer, and prints what became of both: `answered 200 hello`, `clean true seal detach`.

/** `version` is what a project installs; `imports` are [names, module] pairs. */
const frameworks = {
  core: {
    install: [],
    imports: [
      ['{ createServer }', 'node:http'],
      ['{ createCoordinator }', '@graceful-cluster/core'],
    ],
    body: `const server = createServer((_request, response) => {
    void stop().then(() => response.end('hello'));
  });
  const coordinator = createCoordinator();
  coordinator.attach(server);
  WATCH
  server.listen(0, '127.0.0.1', () => void ask(Object(server.address()).port));`,
  },
  express: {
    install: ['express@5', '@types/express@5'],
    imports: [
      ['express', 'express'],
      ['{ graceful, createCoordinator }', '@graceful-cluster/express'],
    ],
    body: `if (typeof createCoordinator !== 'function') throw new Error('createCoordinator is missing');
  const app = express();
  const middleware = graceful({ timeout: 5_000, health: true });
  const { coordinator } = middleware;
  app.use(middleware);
  // @ts-expect-error it has to be called
  void (() => app.use(graceful));
  WATCH
  app.get('/', (_request, response) => {
    void stop().then(() => response.send('hello'));
  });
  const server = app.listen(0, '127.0.0.1', () => void ask(Object(server.address()).port));`,
  },
  fastify: {
    install: ['fastify@5'],
    imports: [
      ['Fastify', 'fastify'],
      ['gracefulCluster', '@graceful-cluster/fastify'],
      ['{ gracefulCluster as named, superviseCluster }', '@graceful-cluster/fastify'],
    ],
    body: `if (named !== gracefulCluster) throw new Error('default and named differ');
  if (typeof superviseCluster !== 'function') throw new Error('superviseCluster is missing');
  const fastify = Fastify();
  await fastify.register(gracefulCluster, { timeout: 5_000, health: true });
  const { coordinator } = fastify;
  WATCH
  fastify.get('/', async () => {
    await stop();
    return 'hello';
  });
  await fastify.listen({ port: 0, host: '127.0.0.1' });
  await ask(Object(fastify.server.address()).port);`,
  },
  nest: {
    install: ['reflect-metadata@0.2', 'rxjs@7', 'express@5', '@types/express@5'],
    imports: [
      ['', 'reflect-metadata'],
      ['{ Controller, Get, Module }', '@nestjs/common'],
      ['{ NestFactory }', '@nestjs/core'],
      ['{ graceful }', '@graceful-cluster/express'],
    ],
    body: `class AppController {
    async hello() {
      await stop();
      return 'hello';
    }
  }
  Get()(AppController.prototype, 'hello', Object(Object.getOwnPropertyDescriptor(AppController.prototype, 'hello')));
  Controller()(AppController);
  class AppModule {}
  Module({ controllers: [AppController] })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  const middleware = graceful({ timeout: 5_000 });
  const { coordinator } = middleware;
  app.use(middleware);
  coordinator.onShutdown('nest', () => app.close());
  WATCH
  await app.listen(0, '127.0.0.1');
  await ask(Object(app.getHttpServer().address()).port);`,
  },
};

const nest = (major) => ['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@${major}`);

/** What is tried. NestJS 12 is ES modules alone, which `require()` takes on the Node lines that support it. */
export const programs = {
  core: frameworks.core,
  express5: frameworks.express,
  express4: { ...frameworks.express, install: ['express@4', '@types/express@4'] },
  fastify: frameworks.fastify,
  nest11: { ...frameworks.nest, install: [...frameworks.nest.install, ...nest(11)] },
  nest12: {
    ...frameworks.nest,
    install: [...frameworks.nest.install, ...nest(12)],
    only: ['esm', 'cjs', 'strict'],
  },
};

const COMMON = `const stop = () => {
  process.kill(process.pid, 'SIGTERM');
  return new Promise((resolve) => setTimeout(resolve, 300));
};
const ask = async (port = 0) => {
  const response = await fetch(\`http://127.0.0.1:\${port}/\`);
  console.log(\`answered \${response.status} \${await response.text()}\`);
};
`;

const WATCH = `coordinator.on('stopped', (report) => {
    console.log(\`clean \${report.clean} seal \${report.listeners[0]?.seal}\`);
  });`;

/** What a program prints, and nothing on stderr. */
export const EXPECTED = ['answered 200 hello', 'clean true seal detach'];

/** @param kind - `cjs` for `require()`, anything else for `import` */
export function program({ imports, body }, kind) {
  const lines = imports.map(([names, from]) => {
    if (kind === 'cjs')
      return names === ''
        ? `require('${from}');`
        : `const ${names.replace(' as ', ': ')} = require('${from}');`;
    return names === '' ? `import '${from}';` : `import ${names} from '${from}';`;
  });
  return `${lines.join('\n')}\n${COMMON}async function main() {\n  ${body.replace('WATCH', WATCH)}\n}\nvoid main();\n`;
}
