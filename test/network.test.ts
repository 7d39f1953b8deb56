import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { now, startArrivals, type Attempt, type Outcome } from './helpers/arrivals.ts';
import { createNetwork, networkUnavailable } from './helpers/network.ts';

const plainServer = `
  const server = require('node:http').createServer((request, response) => response.end('ok'));
  server.listen(0, process.argv[1], () => console.log(server.address().port));
  process.on('SIGTERM', () => server.close());`;

/** Runs a program given as text; resolves with its first line of output. */
async function evaluate(
  prefix: readonly string[],
  ...text: string[]
): Promise<{ child: ChildProcess; line: string }> {
  const [command = '', ...args] = [...prefix, 'env', '-u', 'NODE_OPTIONS', process.execPath, '-e', ...text];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, line };
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? NaN;
const only = (attempts: Attempt[], outcome: Outcome): Attempt[] =>
  attempts.filter((attempt) => attempt.outcome === outcome);

t.test('network', { skip: networkUnavailable() ?? false }, async (t) => {
  for (const rtt of [20, 100, 300]) {
    t.test(`a round trip takes ${rtt} ms, and a plain server resets the clients within it`, async (t) => {
      const network = await createNetwork({ rtt });
      t.teardown(network.close);
      for (const host of [network.serverAddress, network.serverAddress6]) {
        const rate = 300;
        const { child: server, line: port } = await evaluate(network.server, plainServer, host);
        const exited = once(server, 'exit');
        const clients = await startArrivals({
          prefix: network.client,
          host,
          port: Number(port),
          rate,
          duration: 1500 + rtt,
        });
        await sleep(800);
        const signalled = now();
        server.kill('SIGTERM');
        const attempts = await clients.finished;
        await exited;

        const answered = only(attempts, 'answered');
        const refused = only(attempts, 'refused');
        const reset = only(attempts, 'reset');
        const connectTimes = answered.map(({ connectedAfter }) => connectedAfter ?? NaN);
        const refusalTimes = refused.map(({ endedAfter }) => endedAfter);
        t.comment(
          `${host}: ${answered.length} answered, ${reset.length} reset, ${refused.length} refused;`,
          `connected after ${median(connectTimes).toFixed(1)}, refused after ${median(refusalTimes).toFixed(1)} ms`,
        );

        t.ok(connectTimes.every((ms) => ms >= rtt), 'nobody connects sooner than a round trip');
        t.ok(connectTimes.filter((ms) => ms < rtt + 15).length > answered.length * 0.9, 'nearly all just after it');
        t.ok(refusalTimes.filter((ms) => ms < rtt + 15).length > refused.length * 0.9, 'nor does a refusal take longer');
        const expected = (rate * rtt) / 1000;
        t.ok(reset.length > expected / 2 && reset.length < expected * 2, `about ${expected} clients are reset`);
        t.ok(
          reset.every(({ startedAt }) => startedAt > signalled - 2 * rtt - 50),
          'those who came within the last round trips',
        );
        t.equal(answered.length + refused.length + reset.length, attempts.length, 'and nobody else');
      }
    });
  }

  t.test('loss makes the kernel try again', async (t) => {
    const network = await createNetwork({ rtt: 20, loss: 20 });
    t.teardown(network.close);
    const host = network.serverAddress;
    const { child: server, line: port } = await evaluate(network.server, plainServer, host);
    const clients = await startArrivals({ prefix: network.client, host, port: Number(port), rate: 100, duration: 1000 });
    const attempts = await clients.finished;
    server.kill('SIGKILL');
    const late = attempts.filter(({ connectedAfter }) => (connectedAfter ?? Infinity) > 900);
    t.comment(`${late.length} of ${attempts.length} connected late`);
    t.ok(late.length > 15 && late.length < 70, 'a SYN or its answer is lost in about 36 of 100 handshakes');
    t.ok(only(attempts, 'answered').length > 85, 'nearly all get through');
  });

  t.test('ends with the process that made it, even if that is killed', async (t) => {
    const { child, line: path } = await evaluate(
      [],
      `import(${JSON.stringify(new URL('helpers/network.js', import.meta.url).href)})
        .then(({ createNetwork }) => createNetwork({ rtt: 20 }))
        .then(({ server }) => console.log(server[1].slice('--net='.length)))`,
    );
    t.ok(existsSync(path), 'the namespace is there');
    child.kill('SIGKILL');
    for (let i = 0; i < 200 && existsSync(path); i++) await sleep(10);
    t.notOk(existsSync(path), 'and then it is not');
  });
});
