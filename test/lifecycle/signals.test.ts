import t from 'tap';
import { ask, startChild } from '../helpers/child.ts';
import { answered, reportOf, startHeld, startServer } from './held-request.ts';

const pairs: readonly (readonly [NodeJS.Signals, NodeJS.Signals])[] = [
  ['SIGTERM', 'SIGTERM'],
  ['SIGINT', 'SIGINT'],
  ['SIGTERM', 'SIGINT'],
  ['SIGINT', 'SIGTERM'],
];

for (const [first, second] of pairs) {
  t.test(`${first} and ${second} at once are one shutdown`, async (t) => {
    const { child, answer } = await startHeld(t, { options: { secondSignalDelay: 8_000 } });
    child.kill(first);
    await child.line('state closing');
    child.kill(second);
    await child.line('state draining');
    child.kill(second);
    t.equal(await ask(child.port, '/'), 'ECONNREFUSED', 'a new client is refused');
    child.kill('SIGUSR2');
    t.strictSame(await answer, answered, 'the request in flight is answered');
    const { code, signal } = await child.exited;
    t.strictSame([code, signal], [0, null], 'exit 0');
    t.equal(child.lines('report').length, 1, 'one shutdown');
    t.match(reportOf(child), { reason: first, clean: true, requests: { inFlight: 1, served: 1, cut: 0 } });
  });

  t.test(`${second} after secondSignalDelay forces the exit that ${first} began`, async (t) => {
    const { child, answer } = await startHeld(t, { options: { secondSignalDelay: 0 } });
    child.kill(first);
    await child.line('state closing');
    child.kill(second);
    const { code, signal } = await child.exited;
    t.strictSame([code, signal], [second === 'SIGTERM' ? 143 : 130, null], 'exit 128 + its number');
    t.equal(await answer, 'ECONNRESET');
    t.strictSame(child.lines('report'), [], 'before the shutdown was over');
  });
}

t.test('a third signal forces where the second came too soon', async (t) => {
  const { child, answer } = await startHeld(t, { options: { secondSignalDelay: 400 } });
  child.kill('SIGTERM');
  await child.line('state draining');
  child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 600));
  t.strictSame(child.lines('report'), [], 'it still waits for the request');
  child.kill('SIGTERM');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [143, null]);
  t.equal(await answer, 'ECONNRESET');
});

t.test('without options, a signal that comes twice is one shutdown', async (t) => {
  const { child, answer } = await startHeld(t);
  child.kill('SIGTERM');
  await child.line('state closing');
  child.kill('SIGTERM');
  child.kill('SIGUSR2');
  t.strictSame(await answer, answered);
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
});

t.test('an idle server exits 0', async (t) => {
  const child = await startServer(t);
  child.kill('SIGTERM');
  const { code, signal, stderr } = await child.exited;
  t.strictSame([code, signal, stderr], [0, null, '']);
  t.strictSame(child.lines('state'), ['closing', 'draining', 'cleanup', 'stopped'], 'step by step');
});

for (const late of [false, true]) {
  t.test(
    `a listener that hides itself is called at once, ${late ? 'after' : 'before'} ours was added`,
    async (t) => {
      const preload = new URL('../fixtures/lifecycle/hidden.js', import.meta.url).href;
      const child = await startChild(t, 'lifecycle/server', {
        nodeOptions: ['--import', preload],
        env: late ? { LATE: '1' } : {},
      });
      await new Promise((resolve) => setTimeout(resolve, late ? 600 : 0));
      const answer = ask(child.port, '/hold');
      await child.line('request /hold');
      child.kill('SIGTERM');
      await child.line('state closing');
      t.equal(child.lines('told').length, 1, 'before the stop begins');
      child.kill('SIGUSR2');
      t.strictSame(await answer, answered);
      const { code, signal } = await child.exited;
      t.strictSame([code, signal], [0, null]);
    },
  );
}

t.test('only the signals that were named start a shutdown', async (t) => {
  const child = await startServer(t, { options: { signals: ['SIGHUP'] } });
  child.kill('SIGHUP');
  const { code, signal } = await child.exited;
  t.strictSame([code, signal], [0, null]);
  t.equal(reportOf(child).reason, 'SIGHUP');
});

for (const signals of [[], ['SIGINT']] as const) {
  t.test(
    `with signals: ${JSON.stringify(signals)}, SIGTERM ends the process as it always does`,
    async (t) => {
      const child = await startServer(t, { options: { signals } });
      child.kill('SIGTERM');
      const { code, signal } = await child.exited;
      t.strictSame([code, signal], [null, 'SIGTERM']);
      t.strictSame(child.lines('state'), []);
    },
  );
}
