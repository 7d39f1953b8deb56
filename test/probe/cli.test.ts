// The command line: what it says when something is wrong with it or with the server, and that nothing is left behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { evaluate as evaluatePlain, fixture, node, program, runProbe } from '../helpers/probe.ts';

/** A program that leaves its process id in a file. */
const evaluate = (text: string): string[] =>
  evaluatePlain(
    `require('node:fs').appendFileSync(process.env.PID_FILE ?? '/dev/null', process.pid + '\\n'); ${text}`,
  );
const serve = `require('node:http').createServer((request, response) => response.end('ok')).listen(process.env.PORT, '127.0.0.1');`;
const fragile = `let left = 300; require('node:http').createServer((request, response) => {
  if ((left -= 1) === 0) process.exit(7); else response.end('ok'); }).listen(process.env.PORT, '127.0.0.1');`;
const quick = ['--scenario', 'new-connection', '--clients', '4', '--after', '200'];

t.jobs = 3;

const wrong: Readonly<Record<string, readonly string[]>> = {
  'give the command that starts the server': [],
  "unknown option '--rond'": ['--rond', '5', '--', 'x'],
  'Expected a whole number >= 1': ['--rounds', 'many', '--', 'x'],
  "unknown option '--duration'; did you mean --after (-d)": ['--duration', '5', '--', 'x'],
  "unknown option '--connections'; did you mean --clients (-c)?": ['--connections', '5', '--', 'x'],
  'All times are in milliseconds: write 5s for seconds, or 5ms': ['-d', '5', '--', 'x'],
  'Expected milliseconds >= 1000, as 700, 700ms or 5s': ['--exit-timeout', '1m', '--', 'x'],
  "Expected a header as 'Authorization: Bearer token'": ['-H', 'token', '--', 'x'],
  '--stop-command without a command to start needs --url': ['--stop-command', 'true'],
  '--group is about a signal': ['--stop-command', 'true', '--group', '--', 'x'],
  "There is no 'keepalive'": ['--scenario', 'keepalive', '--', 'x'],
  'Expected the name of a signal': ['--signal', 'SIGFOO', '--', 'x'],
  'Expected a path that begins with /': ['--path', 'x', '--', 'x'],
  'Allowed choices are terminal, json, tap, junit, github': ['--reporter', 'spec', '--', 'x'],
  '--pid needs --url': ['--pid', '1'],
  'either a command or --pid': ['--pid', '1', '--url', 'http://127.0.0.1:1', '--', 'x'],
  'expected the URL to be http://host:port': ['--url', 'localhost:80', '--', 'x'],
  'only 127.0.0.1 and ::1 are probed, not 192.0.2.1': ['--url', 'http://192.0.2.1:80', '--', 'x'],
  'cannot write /nonexistent/a.json': ['--json', '/nonexistent/a.json', '--', 'x'],
  '--compare takes two files': ['--compare', 'one.json'],
  'no.json cannot be compared': ['--compare', 'no.json', 'no.json'],
};

t.test('a bad command line', async (t) => {
  for (const [message, args] of Object.entries(wrong)) {
    const { code, stdout, stderr } = await runProbe(args);
    t.strictSame([code, stdout], [2, ''], args.join(' '));
    t.match(stderr, message);
    t.ok(stderr.trim().split('\n').length <= 2, 'in few words');
  }
});

t.test('a reader that has seen enough', async (t) => {
  const [command, ...args] = [...node, program, '--help'];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number];
  t.strictSame([code, stderr], [141, '']);
});

t.test('help and version', async (t) => {
  const help = await runProbe(['--help']);
  t.equal(help.code, 0);
  t.match(help.stdout, /--compare[^]*Exit codes:/);
  const version = await runProbe(['--version']);
  t.match(version, { code: 0, stdout: /^\d+\.\d+\.\d+\n$/ });
});

const fails: readonly [string, readonly string[], number, RegExp][] = [
  ['no such program', ['--', '/nonexistent'], 3, /\/nonexistent did not start: .*ENOENT/],
  [
    'a server that never opens its port',
    ['--start-timeout', '700', '--', ...evaluate('setInterval(() => {}, 1000)')],
    3,
    /opened no port within 0\.7 s/,
  ],
  [
    'a server that dies early',
    ['--', ...evaluate(`console.error('no luck'); process.exit(7)`)],
    3,
    /it ended, code 7\n[^]*no luck/,
  ],
  [
    'a server that dies under load',
    [...quick, '--after', '60000', '--', ...evaluate(fragile)],
    3,
    /ended under load, before the signal: code 7/,
  ],
  [
    'a server that is broken',
    [
      ...quick,
      '--',
      ...evaluate(
        `require('node:http').createServer((request, response) => response.writeHead(500).end()).listen(process.env.PORT);`,
      ),
    ],
    3,
    /GET \/ is answered 500 while nothing stops the server/,
  ],
  [
    'something that is no HTTP server',
    [
      ...quick,
      '--',
      ...evaluate(
        `require('node:net').createServer((socket) => socket.end('220 hello\\r\\n')).listen(process.env.PORT);`,
      ),
    ],
    3,
    /accepts connections and answers no HTTP request/,
  ],
  [
    'a process that is not there',
    ['--pid', '999999999', '--url', 'http://127.0.0.1:1'],
    3,
    /there is no process 999999999/,
  ],
];

for (const [name, args, code, message] of fails) {
  t.test(name, async (t) => {
    const pids = await collectPids(t);
    const run = await runProbe(args, pids.env);
    t.equal(run.code, code);
    t.match(run.stderr, message);
    t.equal(run.stdout, '');
    pids.assertGone();
  });
}

t.test('a port in use', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => other.close());
  const { port } = other.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const given = await runProbe(['--url', url, '--', ...evaluate(serve)]);
  t.match(given, { code: 3, stderr: `${url} is in use` });
  t.notMatch(given.stderr, 'EADDRINUSE', 'the server was not even started');
  const taken = await runProbe(['--', ...evaluate(serve.replace('process.env.PORT', String(port)))]);
  t.match(taken, { code: 3, stderr: 'EADDRINUSE' });
});

t.test('a server that ignores the signal', async (t) => {
  const pids = await collectPids(t);
  const command = evaluate(`process.on('SIGTERM', () => {}); ${serve}`);
  const run = await runProbe([...quick, '--exit-timeout', '1500', '--', ...command], pids.env);
  t.equal(run.code, 1);
  t.match(run.stdout, /ignored SIGTERM: it still accepted connections 1\.\d+ s after SIGTERM[^]*FAILED/);
  t.equal(pids.read().length, 2, 'one to look at, one to stop');
  pids.assertGone();
});

t.test('the probe is ended itself', async (t) => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const pids = await collectPids(t);
    const server = evaluate(`process.on('SIGTERM', () => {}); process.on('SIGINT', () => {}); ${serve}`);
    const [command = '', ...args] = [...node, program, ...quick, '--after', '60000', '--', ...server];
    const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...pids.env } });
    const exited = once(child, 'exit');
    while (pids.read().length < 2) await sleep(20);
    child.kill(signal);
    t.strictSame(await exited, [code, null], signal);
    await sleep(100);
    pids.assertGone();
  }
});

t.test('a server that already runs', async (t) => {
  const [command = '', ...args] = fixture('probe/server', 'http');
  const { port } = await takePort();
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, PORT: String(port) } });
  t.teardown(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const url = `http://localhost:${port}`;
  while ((await fetch(url).catch(() => undefined)) === undefined) await sleep(20);
  const run = await runProbe([
    '--pid',
    String(child.pid),
    '--url',
    url,
    '--clients',
    '16',
    '--reporter',
    'tap',
  ]);
  t.strictSame(await exited, [0, null]);
  t.equal(run.code, 0, run.stderr);
  t.match(run.stdout, /ok \d+ - keep-alive\n[^]*ok \d+ - websocket\n[^]*ok \d+ - tls # SKIP no TLS\n/);
});

t.test('what comes out', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'probe-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const [json, html, summary] = ['a.json', 'a.html', 'summary.md'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const plain = ['--scenario', 'new-connection,keep-alive,tls', '--rounds', '2', '--', ...evaluate(serve)];
  const run = await runProbe(['--json', json, '--html', html, '--reporter', 'github', ...plain], {
    GITHUB_STEP_SUMMARY: summary,
  });
  t.equal(run.code, 1);
  t.match(run.stdout, /FAILED  lost [\d,]+ of [\d,]+ {2}in 2 scenarios, 2 rounds each/);
  t.match(run.stdout, /^::error title=graceful-probe, new-connection::lost \d+ of /m);
  t.match(await readFile(summary, 'utf8'), /\| new-connection \| ✗ \| [\d,]+ \| [\d,]+ \| \d+ \|/);

  const report = JSON.parse(await readFile(json, 'utf8'));
  t.match(report, {
    format: 1,
    verdict: 'failed',
    signal: 'SIGTERM',
    rounds: 2,
    scenarios: [
      { name: 'new-connection', status: 'failed', rounds: [{ exit: { signal: 'SIGTERM' } }, {}] },
      { name: 'keep-alive', rounds: [{}, {}] },
      { name: 'tls', status: 'not-applicable', reasons: ['no TLS'], rounds: [] },
    ],
  });
  const page = await readFile(html, 'utf8');
  t.match(
    page,
    /^<!doctype html>[^]*<table[^]*What to fix[^]*<svg\s[^]*<\/html>\n$/,
    'summary and advice first',
  );
  t.equal(page.match(/The process died of SIGTERM/g)?.length, 1, 'advice is given once');
  t.match(page, /href="#fix-1"/);
  t.notMatch(page, /<script|<link|src=|@import|url\(/, 'needs nothing else');

  const same = await runProbe(['--compare', json, json]);
  t.match(same, { code: 1, stdout: /new-connection +✗[^]*│ +✗.*=\nkeep-alive/ });
  await writeFile(join(folder, 'other.json'), '{}');
  t.match(await runProbe(['--compare', json, join(folder, 'other.json')]), {
    code: 2,
    stderr: /it is no file of --json/,
  });

  const junit = await runProbe(['--reporter', 'junit', ...plain]);
  t.match(
    junit.stdout,
    /^<\?xml[^]*<testsuites [^>]*tests="3"[^]*<failure message="lost [^]*<skipped message="no TLS">[^]*<\/testsuites>\n$/,
  );
});

/** A zombie only waits for its parent, which may be a careless init. */
function runs(pid: number): boolean {
  const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : undefined;
  if (stat !== undefined) return !/\) Z /.test(stat);
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

interface Pids {
  readonly env: Record<string, string>;
  read(): number[];
  assertGone(): void;
}

/** Where the servers of a probe leave their process ids. */
async function collectPids(t: Test): Promise<Pids> {
  const folder = await mkdtemp(join(tmpdir(), 'probe-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'pids');
  const read = (): number[] =>
    existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
  return {
    env: { PID_FILE: file },
    read,
    assertGone() {
      t.strictSame(read().filter(runs), [], 'no process is left');
    },
  };
}

/** A port that is free now. */
async function takePort(): Promise<AddressInfo> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return address;
}
