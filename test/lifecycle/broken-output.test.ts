// Ctrl-C in `node app.js 2>&1 | tee log` ends the reader of the output as well. The second line that has no reader would
// be an uncaught exception, and each of those, where it is said on stderr, the next one.
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { ShutdownReport } from '@graceful-cluster/core';
import { ask, startChild } from '../helpers/child.ts';

const register = ['--import', import.meta.resolve('@graceful-cluster/core/register')];

t.jobs = 4;

const programs: readonly { readonly ways: readonly string[]; readonly errors?: number }[] = [
  { ways: [] },
  { ways: ['logger'] },
  { ways: ['listener'] },
  { ways: ['import'] },
  { ways: ['throws'], errors: 2 },
  { ways: ['throws', 'logger'], errors: 2 },
  { ways: ['throws', 'fatal'], errors: 2 },
];

for (const { ways, errors = 0 } of programs) {
  t.test(`a program that logs without a reader while it drains: ${ways.join(', ') || 'plain'}`, async (t) => {
    const file = join(mkdtempSync(join(tmpdir(), 'graceful-output-')), 'report.json');
    const nodeOptions = ways.includes('import') ? register : [];
    const child = await startChild(t, 'lifecycle/talkative', {
      args: ways,
      nodeOptions,
      env: { REPORT: file },
    });
    const answer = ask(child.port, '/');
    await sleep(200);
    child.hangUp();
    child.kill('SIGINT');
    t.match(await answer, { status: 200, body: 'ok' });
    const { code, signal } = await child.exited;
    t.strictSame([code, signal], [errors > 0 ? 1 : 0, null]);
    const report = JSON.parse(readFileSync(file, 'utf8')) as ShutdownReport;
    t.equal(report.errors.length, errors, report.errors.join('\n'));
    t.equal(report.clean, errors === 0);
    t.equal(report.requests.served, 1);
  });
}
