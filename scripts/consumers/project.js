// Fresh projects in a folder of their own, with the packages as npm would publish them.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** For any step, in milliseconds: installs on a slow line and bundlers on a busy machine included. */
const STEP_LIMIT_MS = 240_000;

let failed = 0;
let passed = 0;

export const counts = () => ({ passed, failed });

export function run(command, args, cwd, extra = {}) {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const options = { cwd, env: { ...env, ...extra }, encoding: 'utf8', timeout: STEP_LIMIT_MS };
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, options);
  return { status, signal, stdout, stderr, output: `${stdout}${stderr}${error ?? ''}` };
}

export function must(command, args, cwd, extra) {
  const result = run(command, args, cwd, extra);
  if (result.status !== 0) throw new Error(`${command} ${args.join(' ')}\n${result.output}`);
  return result;
}

/** Prints one line about a step: it ended well, and printed all of these. */
export function check(name, { status, signal, output }, expected = []) {
  const missing = expected.filter((text) =>
    text instanceof RegExp ? !text.test(output) : !output.includes(text),
  );
  const ok = status === 0 && signal === null && missing.length === 0;
  if (ok) passed += 1;
  else failed += 1;
  const why = `\n  exit ${signal ?? status}; missing: ${missing.join(', ') || 'nothing'}\n${output}`;
  console.log(`${ok ? 'ok' : 'not ok'} ${name}${ok ? '' : why}`);
  return ok;
}

export function write(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  }
}

/** A folder with these packages from the registry and our tarballs, installed by npm. */
export function createProject(folder, tarballs, install, manifest = {}) {
  write(folder, { 'package.json': { name: 'consumer', version: '1.0.0', private: true, ...manifest } });
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error'];
  must('npm', ['install', ...quiet, ...Object.values(tarballs), ...install], folder);
  return folder;
}
