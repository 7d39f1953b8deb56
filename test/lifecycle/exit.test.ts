import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { startChild } from '../helpers/child.ts';
import { answered, reportOf, startHeld, startServer } from './held-request.ts';

t.test('with exit: false the process stays until it ends by itself', async (t) => {
  const { child, answer } = await startHeld(t, { options: { exit: false, secondSignalDelay: 0 } });
  child.kill('SIGTERM');
  await child.line('state draining');
  child.kill('SIGTERM');
  child.kill('SIGINT');
  await sleep(100);
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered, 'a second signal does not kill it');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null], 'nothing is left to do');
  t.equal(reportOf(child).clean, true);
});

t.test('with exit: false something else may hold it', async (t) => {
  const child = await startServer(t, { stay: true, options: { exit: false, secondSignalDelay: 0 } });
  child.kill('SIGTERM');
  await child.line('report');
  child.kill('SIGTERM');
  let ended = false;
  void child.exited.then(() => (ended = true));
  await sleep(500);
  t.equal(ended, false, 'it is still there long after the report');
  child.kill('SIGUSR2');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
});

t.test('an exit function gets the code and the report instead', async (t) => {
  const clean = await startChild(t, 'lifecycle/exit-function');
  clean.kill('SIGTERM');
  await clean.line('exit');
  clean.kill('SIGTERM');
  const { code, signal } = await clean.exited;
  t.strictSame([code, signal], [40, null], 'the code of the function, in its own time');
  t.strictSame(clean.lines('exit'), ['[0,"SIGTERM",true,0]'], 'called once');

  const failed = await startChild(t, 'lifecycle/exit-function', { args: ['fail'] });
  failed.kill('SIGINT');
  const exit = await failed.exited;
  t.strictSame([exit.code, exit.signal], [41, null]);
  t.strictSame(failed.lines('exit'), ['[1,"SIGINT",false,1]']);
});

t.test('what was written is flushed, and a timer does not keep the process', async (t) => {
  const child = await startChild(t, 'lifecycle/flush');
  child.kill('SIGTERM');
  const { code, signal, stdout } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.equal(child.lines('much')[0]?.length, 1_000_000, 'a megabyte');
  t.ok(stdout.includes('\nlate\n'), 'and what a transport writes a moment later');
  const [exitCode, after] = child.lines('exit')[0]?.split(' ').map(Number) ?? [];
  t.equal(exitCode, 0);
  t.ok(Number(after) < 3_000, `exit ${after} ms after the report`);
});

t.test('even where the other end of the pipe is slow', async (t) => {
  const child = await startChild(t, 'lifecycle/flush');
  child.stall(600);
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.equal(child.lines('much')[0]?.length, 1_000_000);
  t.equal(child.lines('exit').length, 1);
});

t.test('a coordinator without a server says so once and exits 0', async (t) => {
  const child = await startChild(t, 'lifecycle/no-server');
  child.kill('SIGTERM');
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.match(stderr, /^\(node:\d+\) \[WARN_GRACEFUL_NO_SERVER\] GracefulWarning: /);
  t.equal(stderr.split('WARN_GRACEFUL_NO_SERVER').length - 1, 1, 'once for the process');
  t.strictSame(child.lines('hook').toSorted(), ['first', 'second'], 'hooks run all the same');
});

t.test('a top-level await that never settles does not change the code', async (t) => {
  const child = await startChild(t, 'lifecycle/pending');
  child.kill('SIGTERM');
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal], [0, null], 'Node would make 13 of it');
  t.equal(stderr, '');
});

t.test('what a beforeExit listener begins is waited for', async (t) => {
  // An agent sends its last spans then, which takes more than a moment where the collector is far away.
  for (const milliseconds of [20, 1_000]) {
    const child = await startChild(t, 'lifecycle/pending', { args: ['flush', milliseconds] });
    child.kill('SIGTERM');
    const { code, signal, stderr } = await child.exited;
    t.strictSame([code, signal, stderr], [0, null, '']);
    t.strictSame(child.lines('flushed'), [''], `${milliseconds} ms`);
  }
});

for (const how of ['stopped', 'microtask', 'immediate']) {
  t.test(
    `process.exit(0) of the program behind the report (${how}) does not hide a stop that was not clean`,
    async (t) => {
      const child = await startChild(t, 'lifecycle/exit-early', { args: [how] });
      child.kill('SIGTERM');
      const { code, signal } = await child.exited;
      t.strictSame([code, signal], [1, null]);
    },
  );
}
