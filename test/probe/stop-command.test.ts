// A server that a command stops, as `docker stop` does, and what is said where the signal went to the wrong process.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { evaluate, fixture, runProbe } from '../helpers/probe.ts';

const args = ['--scenario', 'new-connection,keep-alive', '--clients', '8', '--after', '300'];

/** A server that the probe does not know the process of. */
async function startServer(t: Test): Promise<{ url: string; pid: number; exited: Promise<unknown[]> }> {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address() as AddressInfo;
  free.close();
  await once(free, 'close');
  const [command = '', ...words] = fixture('probe/server', 'http');
  const child = spawn(command, words, { stdio: 'ignore', env: { ...process.env, PORT: String(port) } });
  t.teardown(() => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  while ((await fetch(url).catch(() => undefined)) === undefined) await sleep(20);
  return { url, pid: child.pid as number, exited: once(child, 'exit') };
}

t.test('of a server of which only the address is known', async (t) => {
  const { url, pid, exited } = await startServer(t);
  const stop = `kill -TERM ${pid}; while kill -0 ${pid} 2>/dev/null; do sleep 0.02; done`;
  const run = await runProbe(['--url', url, '--stop-command', stop, ...args, '--reporter', 'json']);
  t.strictSame(await exited, [0, null]);
  t.equal(run.code, 0, run.stderr);
  const { stopCommand, scenarios } = JSON.parse(run.stdout);
  t.equal(stopCommand, stop);
  t.match(scenarios, [
    { status: 'passed', rounds: [{ stopCommand: stop, exit: { code: null, signal: null } }] },
    {},
  ]);
});

t.test('that fails', async (t) => {
  const { url, pid } = await startServer(t);
  const run = await runProbe(['--url', url, '--stop-command', 'echo no web >&2; exit 4', ...args]);
  t.strictSame([run.code, run.stdout], [3, '']);
  t.match(run.stderr, /the stop command failed, echo no web >&2; exit 4: it ended, code 4\nno web/);
  t.ok(process.kill(pid, 0), 'the server was left alone');
});

t.test('of a server that was started', async (t) => {
  const stop = ['--stop-command', 'kill -TERM $PROBE_PID', '--together'];
  const run = await runProbe([...stop, ...args, '--', ...fixture('probe/server', 'http')]);
  t.match(run, { code: 0, stdout: /PASSED/ });
});

t.test('that does not stop it', async (t) => {
  const stop = [
    '--stop-command',
    'true',
    '--exit-timeout',
    '1500',
    '--scenario',
    'keep-alive',
    '--clients',
    '4',
  ];
  const run = await runProbe([...stop, '--', ...fixture('probe/server', 'http')]);
  t.match(run, {
    code: 1,
    stdout: /ignored the stop command: it still accepted connections 1\.\d+ s after the stop command/,
  });
});

t.test('a launcher that keeps the signal to itself', async (t) => {
  const launcher = evaluate(`
    const server = "require('node:http').createServer((_, response) => response.end('ok')).listen(process.env.PORT)";
    require('node:child_process').spawn(process.execPath, ['-e', server]);`);
  const run = await runProbe([
    '--scenario',
    'keep-alive',
    '--clients',
    '4',
    '--after',
    '300',
    '--',
    ...launcher,
  ]);
  t.not(run.code, 0);
  t.match(
    run.stdout.replaceAll(/\s+/g, ' '),
    /The command got SIGTERM, and ended without the processes that it had started: .*--group/,
  );
});

t.test('a server that is killed after its grace', async (t) => {
  const { url, pid } = await startServer(t);
  const stop = ['--url', url, '--stop-command', `sleep 5.5; kill -KILL ${pid}`, '--exit-timeout', '9s'];
  const { code, stdout } = await runProbe([
    ...stop,
    '--scenario',
    'new-connection,keep-alive',
    '--after',
    '300',
  ]);
  t.equal(code, 1);
  t.match(stdout, /The server went on as if nothing had happened, and lost requests when it went/);
});
