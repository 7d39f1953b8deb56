import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { ShutdownReport } from '@graceful-cluster/core';
import { ask, startChild } from '../helpers/child.ts';
import { answered, reportOf } from './held-request.ts';

function ports({ listeners }: ShutdownReport): string {
  const found = listeners.map(({ address }) => Number(address.split(':').at(-1)));
  return found.toSorted((a, b) => a - b).join();
}

for (const state of ['closing', 'draining']) {
  t.test(`a server that listens in the state ${state} is closed at once`, async (t) => {
    const child = await startChild(t, 'lifecycle/late-listen', { args: [state] });
    const answer = ask(child.port, '/');
    await child.line('request');
    child.kill('SIGTERM');
    const port = Number(await child.line('listening'));
    await child.line('state draining');
    await sleep(300);
    t.equal(await ask(port, '/'), 'ECONNREFUSED', 'new clients are refused');
    child.kill('SIGUSR1');
    t.strictSame(await answer, answered);
    const { code, signal } = await child.exited;
    t.strictSame([code, signal], [0, null]);
    const both = [child.port, port].toSorted((a, b) => a - b).join();
    t.equal(ports(reportOf(child)), both, 'each is once in the report');
  });
}

t.test('a client that such a server has accepted is answered', async (t) => {
  const child = await startChild(t, 'lifecycle/late-listen', { args: ['draining', 'client'] });
  const answer = ask(child.port, '/');
  await child.line('request');
  child.kill('SIGTERM');
  await child.line('request late');
  child.kill('SIGUSR1');
  t.strictSame(await answer, answered);
  await sleep(500);
  child.kill('SIGUSR2');
  const { code, signal } = await child.exited;
  t.strictSame(child.lines('answer'), ['close late'], 'even if it takes longer than all others');
  t.strictSame([code, signal], [0, null]);
  t.match(reportOf(child).requests, { served: 2, cut: 0 });
});

t.test('even in the cleanup', async (t) => {
  const child = await startChild(t, 'lifecycle/late-listen', { args: ['cleanup', 'client'] });
  child.kill('SIGTERM');
  await child.line('request late');
  await sleep(500);
  child.kill('SIGUSR2');
  const { code, signal } = await child.exited;
  t.strictSame(child.lines('answer'), ['close late']);
  t.strictSame([code, signal], [0, null]);
});
