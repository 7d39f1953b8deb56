// Other package managers: a strict node_modules, and none at all. A project installs the adapter alone.
import { join } from 'node:path';
import { check, must, run, write } from './project.js';
import { EXPECTED, program, programs } from './programs.js';

export function tryManagers(target, tarballs, wanted) {
  const files = {
    'plain.mjs': program(programs.express5, 'esm'),
    'plain.cjs': program(programs.express5, 'cjs'),
  };
  const dependencies = { express: '5', '@graceful-cluster/express': `file:${tarballs.express}` };
  const core = { '@graceful-cluster/core': `file:${tarballs.core}` };
  if (wanted('pnpm', { long: true })) {
    const folder = join(target, 'pnpm');
    // YAML is a superset of JSON.
    const workspace = { packages: ['.'], overrides: core, minimumReleaseAge: 0 };
    write(folder, {
      ...files,
      'package.json': { private: true, dependencies },
      'pnpm-workspace.yaml': workspace,
    });
    must('npx', ['--yes', 'pnpm@12', 'install', '--no-frozen-lockfile'], folder);
    for (const file of Object.keys(files))
      check(`pnpm, ${file}`, run(process.execPath, [file], folder), EXPECTED);
  }
  if (wanted('yarn', { long: true })) {
    const folder = join(target, 'yarn');
    const manifest = { name: 'consumer', private: true, dependencies, resolutions: core };
    write(folder, {
      ...files,
      'package.json': manifest,
      'yarn.lock': '',
      '.yarnrc.yml': 'nodeLinker: pnp\npnpEnableEsmLoader: true\n',
    });
    must('npx', ['--yes', '@yarnpkg/cli-dist@4', 'install', '--no-immutable'], folder);
    const loader = ['--require', './.pnp.cjs', '--loader', './.pnp.loader.mjs', '--no-warnings'];
    for (const file of Object.keys(files)) {
      check(`yarn Plug'n'Play, ${file}`, run(process.execPath, [...loader, file], folder), EXPECTED);
    }
  }
}
