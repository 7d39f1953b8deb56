// What the probe prints, where, and when.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyCounts } from '@graceful-cluster/probe';
import t from 'tap';
import { evaluate, fixture, runProbe } from '../helpers/probe.ts';

const manifest = import.meta.resolve('@graceful-cluster/probe/package.json');
const args = ['--scenario', 'new-connection,keep-alive,tls', '--clients', '8', '--after', '300'];

t.test('a line for each scenario as it ends, where there is no terminal', async (t) => {
  const { code, stdout, stderr } = await runProbe([...args, '--', ...fixture('probe/server', 'http')]);
  t.equal(code, 0);
  const lines = stderr.trimEnd().split('\n');
  t.match(lines, [
    /^graceful-probe: env -u NODE_OPTIONS .*server\.js http$/,
    /^http:\/\/(?:127\.0\.0\.1|\[::1\]):\d+, 2 stops, about \d+ s \(--together: 1 stop, about \d+ s\)$/,
    /^– tls {13}no TLS$/,
    /^✓ new-connection {2}lost 0 of [\d,]+, refused after [\d.]+ m?s, exit after [\d.]+ m?s$/,
    /^✓ keep-alive {6}lost 0 of [\d,]+, refused after [\d.]+ m?s, exit after [\d.]+ m?s$/,
  ]);
  t.equal(lines.length, 5);
  t.match(stdout, /^graceful-probe {2}env[^]*PASSED {2}lost 0 of/, 'the report alone');
});

t.test('several reports of one run', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'probe-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = (name: string): string => join(folder, name);
  const files = ['json', 'html', 'junit', 'tap'].flatMap((name) => [`--${name}`, file(name)]);
  const { code, stdout } = await runProbe([
    ...args,
    '--together',
    ...files,
    '--',
    ...fixture('probe/server', 'http'),
  ]);
  t.equal(code, 0);
  t.match(stdout, /PASSED {2}lost 0 of/);
  t.match(JSON.parse(await readFile(file('json'), 'utf8')), {
    format: 1,
    runtime: 'node',
    stopCommand: null,
  });
  t.match(await readFile(file('html'), 'utf8'), /^<!doctype html>/);
  t.match(await readFile(file('junit'), 'utf8'), /^<\?xml[^]*tests="3" failures="0" errors="0" skipped="1"/);
  t.match(await readFile(file('tap'), 'utf8'), /^TAP version 14\n1\.\.3\nok 1 - new-connection\n/);
});

t.test('what to fix has links, and one to the package for Node.js', async (t) => {
  const plain = `require('node:http').createServer((request, response) => response.end('ok')).listen(process.env.PORT);`;
  const { stdout } = await runProbe([
    '--scenario',
    'new-connection',
    '--after',
    '300',
    '--',
    ...evaluate(plain),
  ]);
  t.match(stdout, /What to fix\n {2}The process died of SIGTERM/);
  t.match(stdout, 'https://www.npmjs.com/package/@graceful-cluster/probe#what-to-fix');
  t.match(stdout, 'https://www.npmjs.com/package/@graceful-cluster/core');
});

t.test('the picture of a shutdown holds each of its marks', async (t) => {
  const { renderPicture } = (await import(new URL('dist/report/html/picture.js', manifest).href)) as {
    renderPicture: (round: object) => { readonly markup: string };
  };
  const exit = { code: 0, signal: null };
  const times = [
    [20, 500],
    [500, 20],
    [null, 20],
  ] as const;
  for (const [signalToRefused, signalToExit] of times) {
    const stop = { signal: 'SIGTERM', killed: false, exit, signalToRefused, signalToExit };
    const { markup } = renderPicture({ ...stop, timeline: [], counts: emptyCounts() });
    const places = [...markup.matchAll(/left:([\d.]+)%/g)].map(([, place]) => Number(place));
    t.ok(places.length > 3, 'marks and ticks');
    t.ok(Math.max(...places) <= 100, `refused after ${signalToRefused} ms, exit after ${signalToExit} ms`);
  }
});
