// Where a person waits for the stop, connections that ask for nothing are no reason to wait.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { ask } from '../helpers/child.ts';
import { localAddress } from '../helpers/outside.ts';

const fixture = fileURLToPath(new URL('../fixtures/lifecycle/development.js', import.meta.url));
const noScript = spawnSync('script', ['--version']).status === 0 ? false : 'there is no script(1)';
/** With a delay that a stop in production would wait. */
const slow = JSON.stringify({ timeout: 60_000, shutdownDelay: 20_000, keepAliveGrace: 10_000 });

interface Program {
  readonly child: ChildProcess;
  /** The rest of the next line that has these words. */
  readonly line: (words: string) => Promise<string>;
}

/** @param command - run by a shell, with pipes that are or are not a terminal's */
function run(t: Test, command: string, args: readonly string[]): Program {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  const seen: string[] = [];
  let wake = (): void => {};
  createInterface(child.stdout).on('line', (line) => {
    seen.push(line.trim());
    wake();
  });
  const line = async (words: string): Promise<string> => {
    for (;;) {
      const index = seen.findIndex((each) => each.includes(words));
      const [found] = seen.splice(0, index + 1).slice(-1);
      if (index >= 0 && found !== undefined) return found.slice(found.indexOf(words) + words.length + 1);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return { child, line };
}

/** The process id of what script(1) runs. */
function programOf(child: ChildProcess): number {
  const [pid = ''] = spawnSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).stdout.split('\n');
  return Number(pid);
}

/** A connection that never says a byte, as browsers open them, and that ends when the server does. */
async function openSilent(t: Test, port: number): Promise<Socket> {
  const from = localAddress === '' ? {} : { localAddress };
  const socket = connect({ port, host: '127.0.0.1', ...from });
  t.teardown(() => socket.destroy());
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  return socket;
}

/** `stopped true 51.2` of a stop that waited for nothing. */
function isQuick(t: Test, told: string): void {
  const [clean, took] = told.split(' ');
  t.equal(clean, 'true');
  t.ok(Number(took) < 5_000, `${took} ms, not the 20 s of the delay or the 10 s of the grace`);
}

t.test('Ctrl-C at a terminal', { skip: noScript }, async (t) => {
  const command = `exec ${process.execPath} ${fixture} '${slow}'`;
  const { child, line } = run(t, 'script', ['-qec', command, '/dev/null']);
  const port = Number(await line('ready'));
  await openSilent(t, port);
  await line('connection');
  child.stdin?.write('\u0003');
  isQuick(t, await line('stopped'));
  t.same(await once(child, 'exit'), [0, null]);
});

t.test('Ctrl-C at a terminal: what is in flight has its time', { skip: noScript }, async (t) => {
  const command = `exec ${process.execPath} ${fixture} '${slow}'`;
  const { child, line } = run(t, 'script', ['-qec', command, '/dev/null']);
  const port = Number(await line('ready'));
  const answer = ask(port, '/slow');
  await line('request /slow');
  child.stdin?.write('\u0003');
  t.match(await answer, { status: 200, body: 'hello', connection: 'close' });
  isQuick(t, await line('stopped'));
});

t.test('SIGUSR2 at a terminal, which nodemon sends', { skip: noScript }, async (t) => {
  const options = JSON.stringify({ ...(JSON.parse(slow) as object), signals: ['SIGUSR2'] });
  const { child, line } = run(t, 'script', [
    '-qec',
    `exec ${process.execPath} ${fixture} '${options}'`,
    '/dev/null',
  ]);
  const port = Number(await line('ready'));
  await openSilent(t, port);
  await line('connection');
  process.kill(programOf(child), 'SIGUSR2');
  isQuick(t, await line('stopped'));
});

t.test('SIGTERM at a terminal is as in production', { skip: noScript }, async (t) => {
  const options = JSON.stringify({ shutdownDelay: 700 });
  const command = `exec ${process.execPath} ${fixture} '${options}'`;
  const { child, line } = run(t, 'script', ['-qec', command, '/dev/null']);
  await line('ready');
  process.kill(programOf(child), 'SIGTERM');
  const [, took] = (await line('stopped')).split(' ');
  t.ok(Number(took) >= 690, `${took} ms: the delay was waited for`);
});

t.test('SIGINT without a terminal is as in production', async (t) => {
  const { child, line } = run(t, process.execPath, [fixture, JSON.stringify({ shutdownDelay: 700 })]);
  child.stdin?.end();
  await line('ready');
  child.kill('SIGINT');
  const [, took] = (await line('stopped')).split(' ');
  // A person who runs this test at a terminal has one on stderr, which is passed on.
  if (!process.stderr.isTTY) t.ok(Number(took) >= 690, `${took} ms: the delay was waited for`);
});

t.test('node --watch: the restart is quick', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'graceful-watch-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const main = join(folder, 'main.mjs');
  const write = (): void => writeFileSync(main, `import ${JSON.stringify(pathToFileURL(fixture).href)};\n`);
  write();
  const { child, line } = run(t, process.execPath, ['--watch', '--no-warnings', main, slow]);
  await openSilent(t, Number(await line('ready')));
  await line('connection');
  write();
  isQuick(t, await line('stopped'));
  await line('ready');
  // Killed, it would leave the program behind.
  child.kill('SIGTERM');
  await once(child, 'exit');
});

t.test('the option decides, where it is given', async (t) => {
  const options = { ...(JSON.parse(slow) as object), development: true };
  const { child, line } = run(t, process.execPath, [fixture, JSON.stringify(options)]);
  await openSilent(t, Number(await line('ready')));
  await line('connection');
  child.kill('SIGTERM');
  isQuick(t, await line('stopped'));
});

t.test('the option turns it off as well', { skip: noScript }, async (t) => {
  const options = JSON.stringify({ shutdownDelay: 700, development: false });
  const { child, line } = run(t, 'script', [
    '-qec',
    `exec ${process.execPath} ${fixture} '${options}'`,
    '/dev/null',
  ]);
  await line('ready');
  child.stdin?.write('\u0003');
  const [, took] = (await line('stopped')).split(' ');
  t.ok(Number(took) >= 690, `${took} ms: the delay was waited for`);
});
