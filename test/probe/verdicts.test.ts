// The probe as a stranger runs it, on a plain server and on ours.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Round } from '@graceful-cluster/probe';
import { fixture, node, runProbe } from '../helpers/probe.ts';

interface Report {
  readonly verdict: string;
  readonly scenarios: readonly {
    readonly name: string;
    readonly status: string;
    readonly reasons: readonly string[];
    readonly rounds: readonly Round[];
  }[];
}

const example = (name: string): string[] => [
  ...node,
  fileURLToPath(new URL(`../../examples/${name}.js`, import.meta.url)),
];

async function run(args: readonly string[]): Promise<{ report: Report; code: number | null; took: string }> {
  const { code, stdout, took } = await runProbe(['--reporter', 'json', ...args]);
  return { report: JSON.parse(stdout) as Report, code, took: `${(took / 1_000).toFixed(1)} s` };
}

const statuses = ({ scenarios }: Report): Record<string, string> =>
  Object.fromEntries(
    scenarios.filter(({ status }) => status !== 'not-applicable').map(({ name, status }) => [name, status]),
  );

t.test('a server that nobody prepared', async (t) => {
  const { report, code, took } = await run(['--', ...example('plain-server')]);
  t.comment(took, JSON.stringify(statuses(report)));
  t.strictSame([code, report.verdict], [1, 'failed']);
  const [opened] = report.scenarios;
  t.match(opened, { name: 'new-connection', status: 'failed', rounds: [{ exit: { code: 0 } }] });
  const { counts } = (opened as Report['scenarios'][0]).rounds[0] as Round;
  // Node 26 ends those that it has just accepted: their clients read a FIN before the RST.
  t.ok(counts.reset + counts['reset-before-accept'] + counts.empty > 0, 'finds the resets');
});

t.test('ours', async (t) => {
  const { report, code, took } = await run([
    '--rounds',
    '2',
    '--rolling',
    '--',
    ...example('graceful-server'),
  ]);
  t.comment(took);
  t.strictSame(statuses(report), {
    'new-connection': 'passed',
    'keep-alive': 'passed',
    pipelined: 'passed',
    'slow-request': 'passed',
    'half-head': 'passed',
    silent: 'passed',
    rolling: 'passed',
  });
  t.equal(code, 0);
});

t.test('a signal to the whole group, of ours as a cluster', async (t) => {
  const chosen = ['--scenario', 'new-connection,keep-alive', '--group'];
  const { report, code } = await run([...chosen, '--', ...example('graceful-cluster')]);
  t.strictSame(statuses(report), { 'new-connection': 'passed', 'keep-alive': 'passed' });
  t.equal(code, 0);
});

t.test('a Unix socket', async (t) => {
  const url = `unix:/tmp/graceful-probe-${process.pid}.sock`;
  const args = ['--url', url, '--scenario', 'unix-socket,new-connection,websocket,keep-alive'];
  const { report, code } = await run([...args, '--', ...fixture('probe/server', 'http')]);
  t.strictSame(statuses(report), { 'unix-socket': 'passed', websocket: 'passed', 'keep-alive': 'passed' });
  t.equal(code, 0);
});

t.test('all at a time', async (t) => {
  const { report, code } = await run([
    '--together',
    '--clients',
    '16',
    '--slow-path',
    '/slow',
    '--',
    ...fixture('probe/server', 'https'),
  ]);
  const passed = Object.entries(statuses(report)).filter(([, status]) => status === 'passed');
  const told = report.scenarios.map(({ name, reasons }) => `${name}: ${reasons.join('; ')}`);
  t.ok(passed.length >= 10, told.join('\n'));
  t.equal(code, 0);
});

const unshare = process.platform === 'linux' && spawnSync('unshare', ['--net', 'true']).status === 0;

t.test('clients in the middle of their handshake', { skip: unshare ? false : 'it takes root' }, async (t) => {
  const args = ['--scenario', 'mid-handshake', '--rtt', '150', '--'];
  const plain = `require('node:http').createServer((request, response) => response.end('ok')).listen(process.env.PORT, function () {
    process.on('SIGTERM', () => this.close()); });`;
  const lost = await run([...args, ...node, '-e', plain]);
  t.strictSame([lost.code, statuses(lost.report)], [1, { 'mid-handshake': 'failed' }]);
  const ours = await run([...args, ...fixture('probe/server', 'http')]);
  t.strictSame([ours.code, statuses(ours.report)], [0, { 'mid-handshake': 'passed' }]);
  const local = await run([...args, ...example('graceful-server')]);
  t.match(local.report.scenarios[0], { status: 'not-applicable', reasons: [/listens on 127\.0\.0\.1 only/] });
  t.equal(local.code, 3, 'not applicable is no pass');
});

t.test('a rolling restart on the same port', async (t) => {
  const args = ['--scenario', 'rolling', '--rolling', 'reuse-port', '--'];
  const { report } = await run([...args, ...example('plain-server')]);
  t.match(report.scenarios[0], {
    status: 'not-applicable',
    reasons: [/the second instance could not listen on the port of the first/],
  });
});
