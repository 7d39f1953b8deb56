// Clients of other projects.
import { execFile, spawnSync } from 'node:child_process';
import { Agent as HttpAgent } from 'node:http';
import { promisify } from 'node:util';
import t from 'tap';
import { Agent, Pool, request } from 'undici';
import { ask } from '../helpers/child.ts';
import { clean, options, sleep, startServer, stop } from '../helpers/shutdown.ts';

t.jobs = 4;
const run = promisify(execFile);
const missing = (program: string): string | false =>
  spawnSync(program, ['--version']).status === 0 ? false : `no ${program} here`;

const curls = [
  ['http', 'http', []],
  ['https', 'https', ['-k']],
  ['h2', 'https', ['-k', '--http2']],
  ['h2c', 'http', ['--http2-prior-knowledge']],
] as const;

for (const [kind, scheme, args] of curls) {
  t.test(`curl, ${kind}`, { skip: missing('curl') }, async (t) => {
    const child = await startServer(t, { kind, options });
    const url = `${scheme}://127.0.0.1:${child.port}`;
    const version = scheme === kind ? '1.1' : '2';
    const held = run('curl', ['-sS', ...args, '-w', ' %{http_version}', `${url}/hold`]);
    await child.line('request /hold');
    const { ended } = await stop(child);
    const refused = run('curl', ['-sS', ...args, url]);
    await t.rejects(refused, { code: 7 }, 'a new one is refused');
    child.kill('SIGUSR2');
    t.equal((await held).stdout, `held ${version}`);
    t.match(await ended, { ...clean, report: { ...clean.report, requests: { inFlight: 1, served: 1 } } });
  });
}

for (const kind of ['http', 'https', 'h2'] as const) {
  t.test(`undici, ${kind}`, async (t) => {
    // It fails what is in flight when GOAWAY comes, which is after the grace at the latest.
    const child = await startServer(t, { kind, options: { keepAliveGrace: 5_000 } });
    const origin = `${kind === 'http' ? 'http' : 'https'}://127.0.0.1:${child.port}`;
    const connect = { rejectUnauthorized: false };
    const pool = new Pool(origin, { connections: 8, pipelining: 1, allowH2: kind === 'h2', connect });
    const get = async (path: string): Promise<string> => {
      const { body } = await pool.request({ path, method: 'GET' });
      return body.text();
    };
    t.equal(await get('/'), 'ok');
    const held = Array.from({ length: 8 }, () => get('/hold'));
    await child.line('request /hold', 8);
    const { ended } = await stop(child);
    child.kill('SIGUSR2');
    t.same(await Promise.all(held), Array(8).fill('held'));
    await t.rejects(request(origin, { dispatcher: new Agent({ connect, allowH2: kind === 'h2' }) }), {
      code: 'ECONNREFUSED',
    });
    t.match(await ended, { ...clean, report: { ...clean.report, requests: { inFlight: 8, served: 8 } } });
    await pool.destroy();
  });
}

t.test('http.Agent', async (t) => {
  // Longer than a busy machine keeps these clients from asking again.
  const child = await startServer(t, { kind: 'http', options: { ...options, keepAliveGrace: 2_000 } });
  const agent = new HttpAgent({ keepAlive: true, maxSockets: 4 });
  const outcomes: unknown[] = [];
  let running = true;
  const clients = Array.from({ length: 4 }, async () => {
    while (running) {
      const answer = await ask(child.port, '/quiet', agent);
      outcomes.push(typeof answer === 'string' ? answer : answer.body);
      if (typeof answer === 'string') return;
    }
  });
  await sleep(200);
  const { ended } = await stop(child);
  await Promise.all(clients);
  running = false;
  t.same(
    outcomes.filter((outcome) => outcome !== 'ok'),
    Array(4).fill('ECONNREFUSED'),
  );
  t.match(await ended, { ...clean, answered: outcomes.length - 4 });
});

t.test('nghttp', { skip: missing('nghttp') }, async (t) => {
  const child = await startServer(t, { kind: 'h2c', options });
  const urls = Array.from({ length: 20 }, (_, index) => `http://127.0.0.1:${child.port}/hold?${index}`);
  const asked = run('nghttp', ['-v', ...urls]);
  await child.line('request /hold?19');
  const { ended } = await stop(child);
  child.kill('SIGUSR2');
  const { stdout } = await asked;
  t.equal(stdout.match(/:status: 200/g)?.length, 20);
  t.match(await ended, { ...clean, report: { ...clean.report, requests: { served: 20 } } });
});

for (const kind of ['h2', 'h2c'] as const) {
  t.test(`h2load, ${kind}`, { skip: missing('h2load') }, async (t) => {
    const child = await startServer(t, { kind, options });
    const url = `${kind === 'h2' ? 'https' : 'http'}://127.0.0.1:${child.port}/quiet`;
    const load = run('h2load', ['-n', '1000000', '-c', '8', '-m', '10', url]);
    await sleep(800);
    const { ended } = await stop(child);
    const { stdout } = await load;
    const result = await ended;
    const [, done = 0, succeeded = 0] = /(\d+) done, (\d+) succeeded/.exec(stdout)?.map(Number) ?? [];
    t.match(result, clean);
    t.ok(succeeded > 0, `${succeeded} of ${done} succeeded`);
    t.equal(result.answered, succeeded, 'the client got every answer that was given');
  });
}
