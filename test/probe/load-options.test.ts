// What can be said about the requests, and what is no answer.
import { runRound, type Counts } from '@graceful-cluster/probe';
import t from 'tap';
import { evaluate, fixture, runProbe } from '../helpers/probe.ts';

const quick = ['--clients', '4', '--after', '200'];

/** A server that answers as the code says. It stops as Node does, and may lose requests with that. */
const serve = (answer: string): string[] =>
  evaluate(`
    let requests = 0;
    const server = require('node:http').createServer((request, response) => {
      requests += 1;
      ${answer}
    }).listen(process.env.PORT, '127.0.0.1');
    process.on('SIGTERM', () => { server.close(); server.closeIdleConnections(); });`);

interface Report {
  readonly scenarios: readonly {
    readonly name: string;
    readonly status: string;
    readonly reasons: readonly string[];
    readonly advice: readonly string[];
    readonly rounds: readonly { readonly counts: Counts }[];
  }[];
}

async function probe(args: readonly string[], server: readonly string[]): Promise<Report['scenarios']> {
  const { stdout, stderr } = await runProbe([...quick, '--reporter', 'json', ...args, '--', ...server]);
  if (stdout === '') throw new Error(stderr);
  return (JSON.parse(stdout) as Report).scenarios;
}

const keepAlive = ['--scenario', 'keep-alive'];

t.jobs = 3;

t.test('an error page is no answer', async (t) => {
  const server = serve(`response.writeHead(404).end('no')`);
  const refused = await runProbe([...quick, ...keepAlive, '--', ...server]);
  t.strictSame([refused.code, refused.stdout], [3, '']);
  t.match(
    refused.stderr,
    /GET \/ is answered 404 while nothing stops the server: .*--path.*--header.*--allow-4xx/,
  );
  const [allowed] = await probe([...keepAlive, '--allow-4xx'], server);
  t.match(allowed?.rounds, [{ counts: { unavailable: 0 } }]);
  t.ok(allowed?.rounds[0]?.counts.answered);
});

t.test('a path without an answer', async (t) => {
  const server = serve(
    `request.resume().on('end', () => response.writeHead(request.url === '/' ? 200 : 405).end())`,
  );
  const upload = ['--scenario', 'slow-upload', '--upload-path', '/no'];
  t.match(await probe(upload, server), [
    { status: 'not-applicable', reasons: ['no upload: POST /no gets 405; give a path with --upload-path'] },
  ]);
});

t.test('a limit that is reached under load', async (t) => {
  const server = serve(`response.writeHead(requests > 12 ? 429 : 200).end()`);
  const [result] = await probe([...keepAlive, '--after', '2s'], server);
  t.equal(result?.status, 'failed');
  t.match(
    result?.reasons[0],
    /lost \d+ of \d+: .*\d+ answered with an error \(429\).* \(\d+ of them before the signal\)/,
  );
  t.match(
    result?.advice.join('\n'),
    'Requests were answered 429. If a limit of the server does that under load',
  );
});

t.test('headers go with every request', async (t) => {
  const kinds = {
    http: 'sse,websocket,keep-alive,new-connection,pipelined,half-head,slow-upload',
    h2c: 'http2',
  };
  for (const [kind, scenarios] of Object.entries(kinds)) {
    const args = ['--together', '--scenario', scenarios];
    const server = fixture('probe/server', kind, 'none', 'token');
    const without = await runProbe([...quick, ...args, '--', ...server]);
    t.match(without, { code: 3, stderr: /is answered 401|answers no HTTP request/ }, kind);
    const results = await probe([...args, '-H', 'Authorization: token'], server);
    t.equal(results.length, scenarios.split(',').length);
    for (const { name, rounds, reasons } of results) {
      t.match(rounds, [{ counts: { unavailable: 0 } }], `${name}: ${reasons.join()}`);
    }
  }
});

t.test('a host of its own', async (t) => {
  const server = serve(`response.writeHead(request.headers.host === 'example.com' ? 200 : 421).end()`);
  const [result] = await probe([...keepAlive, '-H', 'host: example.com'], server);
  t.match(result?.rounds, [{ counts: { unavailable: 0 } }]);
  t.ok(result?.rounds[0]?.counts.answered);
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
  await t.rejects(runRound({ command, startTimeout: 3_000 }), {
    code: 'ERR_PROBE_START_FAILED',
    message: /opened no port within 3 s \(the one in PORT was \d+, and it printed http:\/\/192\.0\.2\.1:80\)/,
  });
});
