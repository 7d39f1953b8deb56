// What can be said about the requests, and what is no answer.
import { runRound } from '@graceful-cluster/probe';
import t from 'tap';
import { evaluate, fixture, runProbe } from '../helpers/probe.ts';

const quick = ['--clients', '4', '--after', '200'];

/** Answers with this status, or with what the code says, and stops as it should. */
const serve = (answer: string): string[] =>
  evaluate(`
    let requests = 0;
    const server = require('node:http').createServer((request, response) => {
      requests += 1;
      ${answer}
    }).listen(process.env.PORT, '127.0.0.1');
    process.on('SIGTERM', () => { server.close(); server.closeIdleConnections(); });`);

t.jobs = 3;

t.test('an error page is no answer', async (t) => {
  const server = serve(`response.writeHead(404).end('no')`);
  const refused = await runProbe([...quick, '--scenario', 'keep-alive', '--', ...server]);
  t.strictSame([refused.code, refused.stdout], [3, '']);
  t.match(
    refused.stderr,
    /GET \/ is answered 404 while nothing stops the server: .*--path.*--header.*--allow-4xx/,
  );
  const allowed = await runProbe([...quick, '--allow-4xx', '--scenario', 'keep-alive', '--', ...server]);
  t.match(allowed, { code: 0, stdout: /PASSED {2}lost 0/ });
});

t.test('a path without an answer', async (t) => {
  const args = [
    ...quick,
    '--scenario',
    'keep-alive,slow-upload',
    '--upload-path',
    '/no',
    '--reporter',
    'tap',
  ];
  const server = serve(
    `request.resume().on('end', () => response.writeHead(request.url === '/' ? 200 : 405).end())`,
  );
  const { stdout } = await runProbe([...args, '--', ...server]);
  t.match(stdout, 'slow-upload # SKIP no upload: POST /no gets 405; give a path with --upload-path');
});

t.test('a limit that is reached under load', async (t) => {
  const server = serve(`response.writeHead(requests > 12 ? 429 : 200).end()`);
  const { code, stdout } = await runProbe([
    ...quick,
    '--scenario',
    'keep-alive',
    '--after',
    '900',
    '--',
    ...server,
  ]);
  t.equal(code, 1);
  t.match(stdout, /lost \d+ of \d+: \d+ answered with an error \(429\) \(\d+ of them before the signal\)/);
  t.match(stdout, /Requests were answered 429\. If a limit of the server does that under load/);
});

t.test('headers go with every request', async (t) => {
  const kinds = {
    http: 'sse,websocket,keep-alive,new-connection,pipelined,half-head,slow-upload',
    h2c: 'http2',
  };
  for (const [kind, scenarios] of Object.entries(kinds)) {
    const args = ['--together', ...quick, '--scenario', scenarios, '--reporter', 'tap'];
    const server = fixture('probe/server', kind, 'none', 'token');
    const without = await runProbe([...args, '--', ...server]);
    t.match(without, { code: 3, stderr: /is answered 401|answers no HTTP request/ }, kind);
    const { code, stdout } = await runProbe([...args, '-H', 'Authorization: token', '--', ...server]);
    t.equal(code, 0, kind);
    t.notMatch(stdout, 'SKIP', kind);
  }
});

t.test('a host of its own', async (t) => {
  const server = serve(`response.writeHead(request.headers.host === 'example.com' ? 200 : 421).end()`);
  const run = await runProbe([
    ...quick,
    '-H',
    'host: example.com',
    '--scenario',
    'keep-alive',
    '--',
    ...server,
  ]);
  t.equal(run.code, 0, run.stderr);
});

t.test('a round of a server that prints nothing', async (t) => {
  const round = await runRound({
    command: serve(`response.end('ok')`),
    load: { newConnection: 2, slow: 0 },
    warmup: 200,
  });
  t.ok(round.counts.answered > 0);
});

t.test('a server that prints an address of another machine', async (t) => {
  const command = evaluate(`console.log('http://192.0.2.1:80'); setInterval(() => {}, 1000)`);
  await t.rejects(runRound({ command, startTimeout: 800 }), {
    code: 'ERR_PROBE_START_FAILED',
    message:
      /opened no port within 0\.8 s \(the one in PORT was \d+, and it printed http:\/\/192\.0\.2\.1:80\)/,
  });
});
