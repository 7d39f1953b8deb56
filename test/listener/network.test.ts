import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { only, startArrivals, type Attempt } from '../helpers/arrivals.ts';
import { pristine } from '../helpers/child.ts';
import { createNetwork, networkUnavailable, type Network } from '../helpers/network.ts';

const rate = 300; // connections per second
const firstLocalPort = 20_000;
const plainServer = `
  const server = require('node:http').createServer((request, response) => response.end('ok'));
  server.listen(0, process.argv[1], () => console.log(server.address().port));
  process.on('SIGTERM', () => server.close());`;

/** Runs a program given as text; resolves with its first line of output. */
async function evaluate(prefix: readonly string[], ...text: string[]): Promise<[ChildProcess, string]> {
  const [command = '', ...args] = [...prefix, ...pristine, '-e', ...text];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { done, value } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  if (done) throw new Error('the program ended early');
  return [child, value];
}

/** Stops a plain server while clients arrive, at half the rate, since there is one per address family. */
async function shutdown(
  { server, client }: Network,
  host: string,
  after: number,
): Promise<readonly Attempt[]> {
  const [child, port] = await evaluate(server, plainServer, host);
  const clients = await startArrivals({
    prefix: client,
    host,
    port: Number(port),
    rate: rate / 2,
    firstLocalPort,
  });
  await sleep(500);
  child.kill('SIGTERM');
  await sleep(after);
  return clients.stop();
}

t.test('network', { skip: networkUnavailable() ?? false }, async (t) => {
  for (const rtt of [20, 100, 300]) {
    t.test(`a round trip takes ${rtt} ms, and a plain server loses the clients within it`, async (t) => {
      const network = await createNetwork({ rtt });
      t.teardown(network.close);
      const { serverAddress, serverAddress6 } = network;
      const shutdowns = [serverAddress, serverAddress6].map((host) =>
        shutdown(network, host, 1000 + 3 * rtt),
      );
      const attempts = (await Promise.all(shutdowns)).flat();

      const answered = only(attempts, 'answered');
      const refused = only(attempts, 'refused');
      const lost = attempts.length - answered.length - refused.length;
      const connected = Math.min(...answered.map(({ connectedAfter }) => connectedAfter ?? NaN));
      const turnedAway = Math.min(...refused.map(({ endedAfter }) => endedAfter));
      t.comment(
        `${answered.length} answered, ${lost} lost, ${refused.length} refused;`,
        `connected after ${connected.toFixed(1)} ms, refused after ${turnedAway.toFixed(1)} ms`,
      );

      // The quickest of many clients: the others may have waited for a busy processor as well.
      t.ok(connected >= rtt && connected < rtt + 100, 'a connect takes a round trip');
      t.ok(turnedAway >= rtt && turnedAway < rtt + 100, 'and so does a refusal');
      t.equal(network.repeatedSyns(), 0, 'nobody is refused only at a second SYN');
      const within = (rate * rtt) / 1000;
      if (rtt >= 100) t.ok(lost > within / 3, `about ${within} clients are lost`);
      // Node 26 also destroys connections that it has just accepted.
      t.equal(
        only(attempts, 'reset').length + only(attempts, 'empty').length,
        lost,
        'all of them by the close',
      );
    });
  }

  t.test('loss makes the kernel try again', async (t) => {
    const network = await createNetwork({ rtt: 20, loss: 10 });
    t.teardown(network.close);
    const host = network.serverAddress;
    const [server, port] = await evaluate(network.server, plainServer, host);
    const clients = await startArrivals({ prefix: network.client, host, port: Number(port), rate });
    await sleep(1000);
    const attempts = await clients.stop();
    server.kill('SIGKILL');
    const late = attempts.filter(({ connectedAfter }) => (connectedAfter ?? Infinity) > 900);
    t.comment(`${late.length} of ${attempts.length} connected late`);
    const share = late.length / attempts.length;
    t.ok(share > 0.08 && share < 0.4, 'a SYN or its answer is lost in about 19 of 100 handshakes');
    t.ok(network.repeatedSyns() > 0);
    t.ok(only(attempts, 'answered').length > attempts.length * 0.93, 'nearly all get through');
  });

  t.test('ends with the process that made it, even if that is killed', async (t) => {
    const helper = new URL('../helpers/network.js', import.meta.url).href;
    const [child, path] = await evaluate(
      [],
      `import('${helper}')
        .then(({ createNetwork }) => createNetwork({ rtt: 20 }))
        .then(({ server }) => console.log(server[1].slice('--net='.length)))`,
    );
    t.ok(existsSync(path), 'the namespace is there');
    child.kill('SIGKILL');
    for (let i = 0; i < 200 && existsSync(path); i++) await sleep(10);
    t.notOk(existsSync(path), 'and then it is not');
  });
});
