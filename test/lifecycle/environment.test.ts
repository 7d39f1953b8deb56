// Options of a program that is run with --import: from the environment, checked like options.
import t, { type Test } from 'tap';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ShutdownReport } from '@graceful-cluster/core';
import { pristine, startChild } from '../helpers/child.ts';

const register = import.meta.resolve('@graceful-cluster/core/register');
const program = fileURLToPath(new URL('../fixtures/lifecycle/registered.js', import.meta.url));

function start(env: Readonly<Record<string, string>>): ReturnType<typeof spawnSync> {
  const [command = '', ...args] = pristine;
  return spawnSync(command, [...args, '--import', register, program], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    timeout: 20_000,
  });
}

async function reportOf(t: Test, env: Readonly<Record<string, string>>): Promise<ShutdownReport> {
  const child = await startChild(t, 'lifecycle/registered', { nodeOptions: ['--import', register], env });
  // Answered: by then the server is in care.
  await fetch(`http://127.0.0.1:${child.port}/`, { headers: { connection: 'close' } }).then((answer) =>
    answer.text(),
  );
  child.kill('SIGTERM');
  t.match(await child.exited, { code: 0, signal: null });
  return JSON.parse(child.lines('report')[0] ?? '') as ShutdownReport;
}

t.test('an option takes effect', async (t) => {
  const { listeners } = await reportOf(t, { GRACEFUL_CLUSTER_SEAL: 'none' });
  t.match(listeners, [{ seal: 'none' }]);
  const delayed = await reportOf(t, { GRACEFUL_CLUSTER_SHUTDOWN_DELAY: '300' });
  t.ok(delayed.phases.delaying >= 299, 'a delay in milliseconds');
  const quiet = await reportOf(t, { GRACEFUL_CLUSTER_SHUTDOWN_DELAY: '{"min":100,"max":400,"quiet":50}' });
  t.ok(quiet.phases.delaying >= 99, 'or as JSON');
});

const wrong: readonly (readonly [name: string, value: string, message: RegExp])[] = [
  [
    'GRACEFUL_CLUSTER_TIMEOUT',
    'soon',
    /expected `GRACEFUL_CLUSTER_TIMEOUT` to be a number of milliseconds, got 'soon'/,
  ],
  ['GRACEFUL_CLUSTER_TIMEOUT', '', /expected `GRACEFUL_CLUSTER_TIMEOUT` to be a number of milliseconds/],
  ['GRACEFUL_CLUSTER_TIMEOUT', '-5', /expected `timeout` to be a finite number > 0/],
  [
    'GRACEFUL_CLUSTER_TIMOUT',
    '5000',
    /unknown environment variable.*did you mean `GRACEFUL_CLUSTER_TIMEOUT`/,
  ],
  ['GRACEFUL_CLUSTER_LOG', 'loud', /expected `GRACEFUL_CLUSTER_LOG` to be true or false, got 'loud'/],
  ['GRACEFUL_CLUSTER_SIGNALS', 'SIGTERM,SIGNAL', /expected `signals` to be signal names/],
  ['GRACEFUL_CLUSTER_SEAL', 'wax', /expected `seal` to be one of/],
];

t.test('a wrong one ends the start, and says which', async (t) => {
  for (const [name, value, message] of wrong) {
    const { status, stdout, stderr } = start({ [name]: value });
    t.equal(status, 1, `${name}=${value}`);
    t.match(String(stderr), message);
    t.match(String(stderr), /ERR_GRACEFUL_INVALID_OPTION/);
    t.notMatch(String(stdout), /ready/, 'the program has not run');
  }
});
