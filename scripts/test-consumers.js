// Installs the packages as npm would publish them into fresh projects, and stops a server from each of them:
// { CommonJS, ESM, TypeScript in both } × { core, fastify, express }, or those that are named.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packAll, root } from './pack.js';

const target = mkdtempSync(join(tmpdir(), 'graceful-consumers-'));
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const flags = [
  '--module',
  'node20',
  '--target',
  'es2023',
  '--strict',
  '--types',
  'node',
  '--esModuleInterop',
];
let failed = 0;

function run(command, args, cwd) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const result = spawnSync(command, args, { cwd, env, encoding: 'utf8', timeout: 120_000 });
  return { ...result, output: `${result.stdout}${result.stderr}${result.error ?? ''}` };
}

function must(command, args, cwd) {
  const { status, output } = run(command, args, cwd);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${output}`);
}

function check(name, { status, signal, output }, expected = '') {
  const ok = status === 0 && signal === null && output.includes(expected);
  if (!ok) failed += 1;
  console.log(`${ok ? 'ok' : 'not ok'} ${name}${ok ? '' : `\n${signal ?? status}\n${output}`}`);
}

/** Of each package: what else a project installs, and a program by its imports, the part before `listen` and the server. */
const packages = {
  core: {
    install: [],
    imports: [
      ['{ createServer }', 'node:http'],
      ['{ createCoordinator }', '@graceful-cluster/core'],
    ],
    body: `const server = createServer((_request, response) => { response.end('hello'); });
const coordinator = createCoordinator();
coordinator.attach(server);
server.listen(0, '127.0.0.1', () => { process.kill(process.pid, 'SIGTERM'); });
`,
  },
  fastify: {
    install: ['fastify'],
    imports: [
      ['Fastify', 'fastify'],
      ['gracefulCluster', '@graceful-cluster/fastify'],
      ['{ gracefulCluster as named }', '@graceful-cluster/fastify'],
    ],
    types: `import type { GracefulClusterOptions } from '@graceful-cluster/fastify';
const options: GracefulClusterOptions = { timeout: 5_000, health: true };
`,
    body: `if (named !== gracefulCluster) throw new Error('default and named differ');
const fastify = Fastify();
fastify.register(gracefulCluster, OPTIONS);
fastify.after(() => {
  fastify.coordinator.onShutdown('state', () => { fastify.log.info(fastify.coordinator.state); });
  fastify.coordinator.on('stopped', (report) => { console.log(\`clean \${report.clean}\`); });
});
fastify.listen({ port: 0, host: '127.0.0.1' }, (error) => {
  if (error) throw error;
  process.kill(process.pid, 'SIGTERM');
});
`,
  },
  express: {
    install: ['express', '@types/express'],
    imports: [
      ['express', 'express'],
      ['{ graceful }', '@graceful-cluster/express'],
    ],
    types: `import type { GracefulOptions } from '@graceful-cluster/express';
const options: GracefulOptions = { timeout: 5_000, health: true };
`,
    body: `const app = express();
const middleware = graceful(OPTIONS);
app.use(middleware);
const { coordinator } = middleware;
app.listen(0, '127.0.0.1', () => { process.kill(process.pid, 'SIGTERM'); });
`,
  },
};

const TELL = "coordinator.on('stopped', (report) => { console.log(`clean ${report.clean}`); });\n";

function program({ imports, types = '', body }, kind) {
  const lines = imports.map(([names, from]) =>
    kind === 'cjs'
      ? `const ${names.replace(' as ', ': ')} = require('${from}');\n`
      : `import ${names} from '${from}';\n`,
  );
  const typed = kind === 'ts';
  const text = body.replace('OPTIONS', typed && types ? 'options' : '{ timeout: 5_000, health: true }');
  return [
    ...lines,
    typed ? types : '',
    text,
    body.includes('const coordinator') || body.includes('{ coordinator }') ? TELL : '',
  ].join('');
}

/** The program of a package's README, which is stopped soon after it started. */
function readmeProgram(name) {
  const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8');
  const [, text = ''] = /```ts\n(.*?)```/s.exec(readme) ?? [];
  return `${text.replaceAll('3000', '0')}setTimeout(() => { process.kill(process.pid, 'SIGTERM'); }, 500);\n`;
}

try {
  const tarballs = packAll(target, Object.keys(packages));
  const wanted = process.argv.slice(2);
  for (const [name, description] of Object.entries(packages)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const project = join(target, name);
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'consumer', private: true }));
    const files = name === 'core' ? [tarballs.core] : [tarballs.core, tarballs[name]];
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts'];
    must('npm', ['install', ...quiet, ...files, '@types/node@20', ...description.install], project);
    for (const [folder, type] of [
      ['cjs', 'commonjs'],
      ['esm', 'module'],
    ]) {
      const cwd = join(project, folder);
      mkdirSync(cwd);
      writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type }));
      writeFileSync(join(cwd, 'plain.js'), program(description, folder));
      check(`${name}, ${folder}`, run(process.execPath, ['plain.js'], cwd), 'clean true');

      writeFileSync(join(cwd, 'typed.ts'), program(description, 'ts'));
      check(`${name}, TypeScript to ${folder}`, run(process.execPath, [compiler, ...flags, 'typed.ts'], cwd));
      check(`${name}, TypeScript to ${folder}, runs`, run(process.execPath, ['typed.js'], cwd), 'clean true');
    }
    const esm = join(project, 'esm');
    writeFileSync(join(esm, 'readme.ts'), readmeProgram(name));
    check(`${name}, the README's program`, run(process.execPath, [compiler, ...flags, 'readme.ts'], esm));
    check(`${name}, the README's program, runs`, run(process.execPath, ['readme.js'], esm));
  }
} finally {
  rmSync(target, { recursive: true });
}
console.log(failed === 0 ? 'all consumers stop clean' : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
