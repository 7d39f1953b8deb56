// A fault in what the application added stays with it: the request is answered, the hook runs, the report names it.
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { ShutdownReport } from '@graceful-cluster/core';
import { startChild } from '../helpers/child.ts';
import { get } from 'node:http';

const inReport = [
  'closing listener throws',
  'closing listener rejects',
  'state listener rejects',
  'abort listener throws',
  'wait on the signal is not caught',
  'timer throws in the drain',
  'rejection in the drain',
  'another server has no address',
];

const ask = (port: number): Promise<number | string | undefined> =>
  new Promise((resolve) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });

for (const fault of [...inReport, 'exit function throws', 'exit function rejects']) {
  t.test(fault, async (t) => {
    const child = await startChild(t, 'lifecycle/faults', { args: [fault] });
    const answer = ask(child.port);
    await sleep(200);
    child.kill('SIGTERM');
    const [code, signal] = await child.exited.then((exit) => [exit.code, exit.signal]);
    t.equal(await answer, 200, 'the request in flight is answered');
    t.strictSame(child.lines('hook').length, 1, 'the hook ran');
    t.strictSame([code, signal], [1, null]);
    const report = JSON.parse(child.lines('report')[0] ?? '') as ShutdownReport;
    const { stderr } = await child.exited;
    if (!inReport.includes(fault)) {
      t.match(stderr, /broken: exit function/, 'an exit function that fails is said on stderr');
      return;
    }
    t.notOk(report.clean);
    t.match(
      report.errors.join('\n'),
      fault.startsWith('wait') ? /AbortError/ : new RegExp(`broken: ${fault}`),
    );
    t.equal(report.requests.served, 1);
  });
}
