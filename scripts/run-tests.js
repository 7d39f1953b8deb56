// Runs tap on the compiled tests and ends with one plain line, "N passed, N failed", counted in assertions.
import { spawn } from 'node:child_process';

const tap = spawn(process.execPath, ['node_modules/tap/dist/esm/run.mjs', ...process.argv.slice(2)], {
  cwd: new URL('..', import.meta.url),
  stdio: ['ignore', 'pipe', 'inherit'],
});
let tail = '';
tap.stdout.on('data', (chunk) => {
  process.stdout.write(chunk);
  tail = (tail + chunk).slice(-4000);
});
tap.on('close', (code, signal) => {
  const counts = /# \{ total: (\d+)(?:, pass: (\d+))?(?:, fail: (\d+))?/.exec(tail);
  const passed = Number(counts?.[2] ?? 0);
  const failed = Number(counts?.[3] ?? 0) || (code === 0 ? 0 : 1);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = signal ? 1 : (code ?? 1);
});
