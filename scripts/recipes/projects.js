// What has to be built before a recipe can run: by the name that its fence has after `in=`. Each is a folder of its
// own.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const layout = `export default function Layout({ children }) {
  return <html lang="en"><body>{children}</body></html>;
}
`;
const page = `export const dynamic = 'force-dynamic';

export default async function Page() {
  await new Promise((resolve) => setTimeout(resolve, 500));
  return <p>hello</p>;
}
`;
const route = `export default defineEventHandler(async () => {
  await new Promise((resolve) => setTimeout(resolve, 500));
  return 'hello';
});
`;
const typed = `import { createServer, type RequestListener } from 'node:http';

const hello: RequestListener = (_request, response) => void setTimeout(() => response.end('hello'), 500);
createServer(hello).listen(Number(process.env['PORT']));
`;
const next = {
  install: ['next@16', 'react@19', 'react-dom@19'],
  files: { 'app/layout.js': layout, 'app/page.js': page },
  build: ['node_modules/next/dist/bin/next', 'build'],
  // An install and a build of a minute each: left out by --cheap.
  long: true,
};

export const projects = {
  next,
  'next-standalone': {
    ...next,
    files: {
      ...next.files,
      // Next takes the next folder above with a lockfile for the root, and puts server.js that much deeper.
      'next.config.js': `export default { output: 'standalone', outputFileTracingRoot: import.meta.dirname };\n`,
    },
  },
  // There is nothing to build.
  tsx: { install: ['tsx@4'], files: { 'server.ts': typed }, build: ['--version'] },
  nitro: {
    install: ['nitropack@2'],
    files: { 'routes/index.js': route },
    build: ['node_modules/nitropack/dist/cli/index.mjs', 'build'],
  },
};

/** Installs and builds the project in the folder. */
export function build(name, folder) {
  const { install, files, build: command } = projects[name];
  const all = { 'package.json': JSON.stringify({ type: 'module', private: true }), ...files };
  for (const [path, text] of Object.entries(all)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', CI: '1' };
  const steps = [
    ['npm', ['install', ...quiet, ...install]],
    [process.execPath, command],
  ];
  for (const [program, args] of steps) {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, env, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name}: ${args.join(' ')}\n${stdout}${stderr}`);
  }
}
