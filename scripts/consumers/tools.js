// What bundles a program, and what runs it in another way. A bundle is run in a folder that has no node_modules: as it
// is, where the addon is missing and a line on stderr says so, and with the folder `prebuilds` copied beside it.
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { check, createProject, must, run, write } from './project.js';
import { EXPECTED, program, programs } from './programs.js';

const [ANSWERED] = EXPECTED;
const MISSING = /GRACEFUL_CLUSTER_NATIVE/;

/** Runs a bundle alone, then with the documented copy step. */
function tryBundle(name, file, folder) {
  // Neither here nor one folder above is a node_modules.
  const alone = join(folder, 'alone', name.replaceAll(/\W+/g, '-'), 'app');
  cpSync(join(folder, 'dist'), alone, { recursive: true });
  const first = run(process.execPath, [file], alone);
  check(`${name}, beside node_modules`, run(process.execPath, [file], join(folder, 'dist')), EXPECTED);
  check(`${name}, without the addon, which a line says`, first, [
    ANSWERED,
    'clean true seal backlog',
    MISSING,
  ]);
  cpSync(join(folder, 'node_modules/@graceful-cluster/core/prebuilds'), join(alone, 'prebuilds'), {
    recursive: true,
  });
  check(`${name}, with prebuilds copied`, run(process.execPath, [file], alone), EXPECTED);
}

const bundlers = {
  esbuild: {
    install: ['esbuild@0.28'],
    try: (folder) => {
      const esbuild = join(
        folder,
        'node_modules/@esbuild',
        `${process.platform}-${process.arch}`,
        'bin/esbuild',
      );
      for (const [format, extension] of [
        ['cjs', 'cjs'],
        ['esm', 'mjs'],
      ]) {
        const args = [
          'plain.mjs',
          '--bundle',
          '--platform=node',
          `--format=${format}`,
          `--outfile=dist/out.${extension}`,
        ];
        if (!check(`esbuild ${format}, bundles`, run(esbuild, args, folder))) continue;
        tryBundle(`esbuild ${format}`, `out.${extension}`, folder);
      }
    },
  },
  tsup: {
    install: ['tsup@9', 'typescript@5.9'],
    try: (folder) => {
      write(folder, {
        'tsup.config.mjs': `export default { entry: ['plain.mjs'], format: ['cjs', 'esm'], splitting: false,
          noExternal: ['@graceful-cluster/core'] };`,
      });
      if (!check('tsup, bundles', run('npx', ['tsup'], folder))) return;
      tryBundle('tsup cjs', 'plain.js', folder);
      tryBundle('tsup esm', 'plain.mjs', folder);
    },
  },
  webpack: {
    install: ['webpack@5', 'webpack-cli@7'],
    try: (folder) => {
      write(folder, {
        'webpack.config.cjs': `module.exports = { target: 'node', mode: 'production', entry: './plain.mjs',
          output: { filename: 'out.cjs' } };`,
      });
      if (!check('webpack, bundles', run('npx', ['webpack'], folder))) return;
      tryBundle('webpack', 'out.cjs', folder);
    },
  },
  ncc: {
    install: ['@vercel/ncc@0.45'],
    try: (folder) => {
      if (!check('ncc, bundles', run('npx', ['ncc', 'build', 'plain.mjs', '-o', 'dist'], folder))) return;
      tryBundle('ncc', 'index.mjs', folder);
    },
  },
};

/** A single executable: `node --experimental-sea-config`, then postject. The addon lies beside it. */
function trySea(folder) {
  const esbuild = join(folder, 'node_modules/@esbuild', `${process.platform}-${process.arch}`, 'bin/esbuild');
  must(esbuild, ['plain.mjs', '--bundle', '--platform=node', '--outfile=out.cjs'], folder);
  write(folder, { 'sea.json': { main: 'out.cjs', output: 'sea.blob', disableExperimentalSEAWarning: true } });
  must(process.execPath, ['--experimental-sea-config', 'sea.json'], folder);
  const alone = join(folder, 'alone/app');
  mkdirSync(alone, { recursive: true });
  cpSync(process.execPath, join(alone, 'server'));
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
  must('npx', ['postject', 'alone/app/server', 'NODE_SEA_BLOB', 'sea.blob', '--sentinel-fuse', fuse], folder);
  const expected = [ANSWERED, 'clean true seal backlog', MISSING];
  check('sea, without the addon, which a line says', run('./server', [], alone), expected);
  cpSync(join(folder, 'node_modules/@graceful-cluster/core/prebuilds'), join(alone, 'prebuilds'), {
    recursive: true,
  });
  check('sea, with prebuilds copied', run('./server', [], alone), EXPECTED);
}

/** Jest without any configuration is CommonJS, and knows no `require()` of an ES module. */
function tryJest(target, tarballs) {
  const nest = ['common', 'core', 'platform-express', 'testing'].map((name) => `@nestjs/${name}@11`);
  const tools = ['jest@30', 'supertest@7', 'express@5', 'fastify@5', 'reflect-metadata@0.2', 'rxjs@7'];
  const folder = createProject(join(target, 'jest'), tarballs, [...tools, ...nest]);
  write(folder, {
    'app.test.js': `require('reflect-metadata');
const request = require('supertest');
const express = require('express');
const Fastify = require('fastify');
const { Controller, Get, Module } = require('@nestjs/common');
const { Test } = require('@nestjs/testing');
const { createServer } = require('node:http');
const { createCoordinator } = require('@graceful-cluster/core');
const { graceful } = require('@graceful-cluster/express');
const gracefulCluster = require('@graceful-cluster/fastify');

test('plain', async () => {
  const coordinator = createCoordinator({ signals: [], exit: false });
  const server = createServer((_request, response) => response.end('hello'));
  coordinator.attach(server);
  await new Promise((resolve) => server.listen(0, resolve));
  await request(server).get('/').expect(200, 'hello');
  const report = await coordinator.shutdown('test');
  expect(report.clean).toBe(true);
  expect(report.listeners[0].seal).toBe('detach');
});

test('express', async () => {
  const app = express();
  const middleware = graceful({ health: true, keepAliveGrace: 0, signals: [] });
  app.use(middleware);
  app.get('/', (_request, response) => response.send('hello'));
  await request(app).get('/').expect(200, 'hello');
  await request(app).get('/readyz').expect(200);
});

test('fastify', async () => {
  const fastify = Fastify();
  await fastify.register(gracefulCluster, { health: true, keepAliveGrace: 0 });
  fastify.get('/', async () => 'hello');
  await fastify.ready();
  await request(fastify.server).get('/').expect(200, 'hello');
  await fastify.close();
});

test('nest', async () => {
  class AppController { hello() { return 'hello'; } }
  Get()(AppController.prototype, 'hello', Object.getOwnPropertyDescriptor(AppController.prototype, 'hello'));
  Controller()(AppController);
  const module = await Test.createTestingModule({ controllers: [AppController] }).compile();
  const app = module.createNestApplication();
  app.use(graceful({ signals: [] }));
  await app.init();
  await request(app.getHttpServer()).get('/').expect(200, 'hello');
  await app.close();
});
`,
  });
  check('jest, CommonJS, with supertest, Express, Fastify and NestJS', run('npx', ['jest', '--ci'], folder), [
    '4 passed',
  ]);
}

export function tryTools(target, tarballs, wanted) {
  const { core } = tarballs;
  const plain = { 'plain.mjs': program(programs.core, 'esm') };
  for (const [name, { install, try: tryOne }] of Object.entries(bundlers)) {
    if (!wanted(name, { long: name === 'webpack' || name === 'tsup' })) continue;
    const folder = createProject(join(target, name), { core }, install);
    write(folder, plain);
    tryOne(folder);
  }
  if (wanted('sea', { long: true })) {
    const folder = createProject(join(target, 'sea'), { core }, ['esbuild@0.28', 'postject@1.0.0-alpha.6']);
    write(folder, plain);
    trySea(folder);
  }
  if (wanted('jest')) tryJest(target, tarballs);
}
