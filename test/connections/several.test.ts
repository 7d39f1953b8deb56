// Several servers on one coordinator, and work that is no connection.
import t from 'tap';
import { ask, startChild, type Child, type Owner } from '../helpers/child.ts';
import type { SeveralSetup } from '../fixtures/connections/several.ts';
import { clean, late, options, short, stop } from '../helpers/shutdown.ts';

t.jobs = 4;
const start = (t: Owner, setup: SeveralSetup = {}): Promise<Child> =>
  startChild(t, 'connections/several', {
    args: [{ options: setup.job === 'hang' ? short : options, ...setup }],
  });

for (const busy of ['first', 'second'] as const) {
  t.test(`an idle server does not cut a request of the ${busy}, nor work that begins with it`, async (t) => {
    const child = await start(t);
    const port = busy === 'first' ? child.port : Number(await child.line('second'));
    const answer = ask(port, '/late');
    await child.line('request /late');
    const { ended } = await stop(child);
    t.same(await ask(child.port, '/'), 'ECONNREFUSED');
    t.same(await answer, { status: 200, connection: 'close', body: 'late' });
    const result = await ended;
    t.same([child.lines('first step'), child.lines('second step')], [[''], ['']], 'one job begins the next');
    t.match(result, { ...clean, report: { ...clean.report, requests: { inFlight: 1, served: 1 } } });
    t.equal(result.report.listeners.length, 2);
  });
}

for (const job of ['resolve', 'reject', 'name'] as const) {
  t.test(`a job is waited for: ${job}`, async (t) => {
    const child = await start(t, { job });
    child.kill('SIGUSR2');
    await child.line('job begun');
    const { ended } = await stop(child);
    t.match(await ended, clean);
    t.same(child.lines('job done'), ['']);
    t.same(child.lines('job failed'), job === 'reject' ? [''] : [], 'and its rejection is the caller’s');
  });
}

t.test('a job past the deadline is named', async (t) => {
  const child = await start(t, { job: 'hang' });
  child.kill('SIGUSR2');
  await child.line('job begun');
  const { ended } = await stop(child);
  const result = await ended;
  t.match(result, {
    code: 1,
    signal: null,
    stderr: /: cut at the deadline: nightly export, \d\.\d s\n/,
    report: {
      clean: false,
      connections: { cut: [{ kind: 'work', name: /^nightly export, \d+\.\d s$/, lost: true }] },
      requests: { cut: 0 },
    },
  });
  t.match(child.lines('waiting')[0], /^\["nightly export, \d\.\d s"/);
  t.ok(result.took < late, `${result.took} ms`);
});
