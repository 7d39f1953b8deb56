// What a person reads of a stop, on stderr: with no logger, at a terminal, with `logger: true`.
import t, { type Test } from 'tap';
import { ask, startChild, type ChildOptions, type Exit } from '../helpers/child.ts';

const short = { timeout: 2_000, cleanupTimeout: 500 };

interface Said extends Omit<Exit, 'stdout'> {
  readonly lines: readonly string[];
}

/** Stops the program while a request is in flight that is never answered, or none. */
async function stop(
  t: Test,
  options: object,
  modes: readonly string[],
  path?: string,
  more: ChildOptions = {},
): Promise<Said> {
  const child = await startChild(t, 'lifecycle/voice', { args: [options, ...modes], ...more });
  const answer = path === undefined ? undefined : ask(child.port, path);
  if (path !== undefined) await child.line('request');
  child.kill('SIGTERM');
  await answer;
  const { code, signal, stderr } = await child.exited;
  return { code, signal, stderr, lines: stderr.split('\n').filter((line) => line !== '') };
}

const page =
  'graceful-cluster: why, and what to do about it: https://github.com/graceful-cluster/graceful-cluster/blob/main/docs/troubleshooting.md#not-clean';

t.test('without a logger', { jobs: 4 }, async (t) => {
  t.test('a clean stop says nothing', async (t) => {
    const { code, signal, stderr } = await stop(t, short, []);
    t.strictSame([code, signal, stderr], [0, null, '']);
  });

  t.test('what was cut, by its path alone, and the page', async (t) => {
    const { code, lines } = await stop(t, short, [], '/hang/report?token=secret');
    t.equal(code, 1);
    t.match(lines, [
      /^graceful-cluster: the stop was not clean \(SIGTERM, 1\.\d s\): cut at the deadline: GET \/hang\/report, 1\.\d s$/,
      page,
    ]);
    t.equal(lines.length, 2);
  });

  t.test('an accept queue that cannot be counted, which is no failure', async (t) => {
    const hideProc = `import fs from 'node:fs';
      import { syncBuiltinESMExports } from 'node:module';
      const { readFileSync } = fs;
      fs.readFileSync = (path, ...rest) =>
        readFileSync(typeof path === 'string' ? path.replace('/proc/net', '/nowhere') : path, ...rest);
      syncBuiltinESMExports();`;
    const { code, lines } = await stop(t, { ...short, seal: 'none' }, [], undefined, {
      nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(hideProc)}`],
      env: { GRACEFUL_CLUSTER_NATIVE: 'off' },
    });
    t.equal(code, 0);
    t.match(lines.slice(-2), [/the stop was not clean .* the queue of 127\.0\.0\.1:\d+ is not known$/, page]);
  });

  t.test('a hook that failed, by the first line of its error', async (t) => {
    const { code, lines } = await stop(t, short, ['hook']);
    t.equal(code, 1);
    t.match(lines, [
      /^graceful-cluster: the stop was not clean \(SIGTERM, \d+ ms\): hook 'database' failed: Error: the pool is gone$/,
      page,
    ]);
    t.equal(lines.length, 2);
  });
});

t.test('logger: false says nothing, whatever happens', async (t) => {
  const { code, stderr } = await stop(t, { ...short, logger: false }, ['hook'], '/hang');
  t.strictSame([code, stderr], [1, '']);
});

t.test('logger: true has readable lines, and the last says why', async (t) => {
  const { code, lines } = await stop(t, { ...short, logger: true }, ['hook'], '/hang?token=secret');
  t.equal(code, 1);
  t.match(lines, [
    /^\d\d:\d\d:\d\d\.\d{3} \[\d+\] shutdown: listeners close \(SIGTERM\)$/,
    /shutdown: 1 in flight, 0 idle, \d+ ms left: GET \/hang, \d\.\d s$/,
    /shutdown: not clean after 1\.\d s: cut at the deadline: GET \/hang, 1\.\d s; hook 'database' failed: Error: the pool is gone$/,
  ]);
  t.equal(lines.length, 3);
});

t.test('at a terminal', { jobs: 2 }, async (t) => {
  t.test('a line in place says what is waited for, and is taken away', async (t) => {
    const { code, stderr } = await stop(t, short, ['terminal'], '/hang/1?token=secret');
    t.equal(code, 1);
    const clear = '\r\u001B[K';
    t.ok(stderr.startsWith(clear), 'it is drawn where the cursor is');
    const [drawn = '', after = ''] = stderr.split(`${clear}graceful-cluster`);
    const texts = drawn.split(clear).filter((text) => text !== '');
    t.ok(texts.length >= 2, `${texts.length} times`);
    for (const text of texts) {
      t.match(
        text,
        /^Stopping \(Ctrl-C again to force\): waiting for GET \/hang\/1, \r$/,
        'within 59 columns',
      );
    }
    t.match(after, /^: the stop was not clean /);
  });

  t.test('of a clean stop nothing is left, and mostly nothing is drawn', async (t) => {
    const { code, stderr } = await stop(t, short, ['terminal']);
    t.equal(code, 0);
    // A busy machine may take so long that the line is drawn: then it is taken away.
    t.ok(stderr === '' || stderr.endsWith('\r\u001B[K'), JSON.stringify(stderr));
  });
});
