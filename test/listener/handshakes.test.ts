import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { ListenerReport } from '@graceful-cluster/core';
import { only, startArrivals, type Attempt } from '../helpers/arrivals.ts';
import { pristine } from '../helpers/child.ts';
import { createNetwork, networkUnavailable, type Network } from '../helpers/network.ts';

/** Connections per second, in both address families together. */
const RATE = 300;
/** At most, until one finds a handshake in progress. */
const SHUTDOWNS = 5;
let firstLocalPort = 20_000;
/**
 * More than one shutdown has clients: a server that is gone leaves ports in TIME_WAIT, where a SYN is answered with
 * ACK.
 */
const LOCAL_PORTS = 1_000;

const fixture = fileURLToPath(new URL('../fixtures/listener/seal-server.js', import.meta.url));

interface Shutdown {
  readonly attempts: readonly Attempt[];
  readonly listener: ListenerReport;
}

/** Stops our server in the middle of clients that arrive at a steady rate, and go on for `after` milliseconds. */
async function shutDown(
  { server, client }: Network,
  host: string,
  after: number,
  env: Record<string, string> = {},
): Promise<Shutdown> {
  const [command, ...args] = [...server, ...pristine, fixture];
  const child = spawn(command, args, {
    env: { ...process.env, HOST: host, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const output = createInterface(child.stdout).on('line', (line) => lines.push(line));
  await once(output, 'line');
  const port = Number(/:(\d+)$/.exec(lines[0] ?? '')?.[1]);
  const clients = await startArrivals({ prefix: client, host, port, rate: RATE / 2, firstLocalPort });
  await sleep(500);
  child.kill('SIGTERM');
  await sleep(after);
  const attempts = await clients.stop();
  const [code, signal] = (await exited) as [number | null, string | null];
  const report = lines.find((line) => line.startsWith('report '));
  if (code !== 0 || signal !== null || report === undefined)
    throw new Error(`${code} ${signal} ${lines.join()}`);
  const [listener] = JSON.parse(report.slice('report '.length)) as [ListenerReport];
  return { attempts, listener };
}

t.test('clients in the middle of their handshake', { skip: networkUnavailable() ?? false }, async (t) => {
  for (const rtt of [20, 100, 300]) {
    t.test(`are answered at a round trip of ${rtt} ms, later ones refused after one`, async (t) => {
      const network = await createNetwork({ rtt });
      t.teardown(network.close);
      const hosts = [network.serverAddress, network.serverAddress6];
      const shutdowns: Shutdown[] = [];
      const met = (): boolean => shutdowns.some(({ listener }) => (listener.handshakes ?? 0) > 0);
      // At the shortest round trip a signal may fall between two handshakes: then it takes another one.
      for (let left = SHUTDOWNS; left > 0 && !met(); left -= 1) {
        shutdowns.push(...(await Promise.all(hosts.map((host) => shutDown(network, host, 1000 + 3 * rtt)))));
        firstLocalPort += LOCAL_PORTS;
      }
      const attempts = shutdowns.flatMap((each) => each.attempts);
      const answered = only(attempts, 'answered');
      const refused = only(attempts, 'refused');
      t.comment(
        `${answered.length} answered, ${refused.length} refused;`,
        ...shutdowns.map(
          ({ listener: { queued, handshakes } }) => `${handshakes} handshakes, ${queued} queued`,
        ),
      );
      const lost = attempts.filter(({ outcome }) => outcome !== 'answered' && outcome !== 'refused');
      t.strictSame(lost, [], 'nobody is lost');
      t.strictSame([...new Set(shutdowns.map(({ listener }) => listener.seal))], ['detach']);
      t.ok(met(), 'there were handshakes to wait for');
      t.ok(refused.length > 0, 'late clients were refused');
      t.equal(network.repeatedSyns(), 0, 'none of them at a second SYN only');
    });
  }

  t.test('are answered under SYN cookies too, which are in no table', async (t) => {
    const network = await createNetwork({ rtt: 100 });
    t.teardown(network.close);
    const [command, ...args] = [...network.server, 'sh', '-c', 'echo 2 > /proc/sys/net/ipv4/tcp_syncookies'];
    await once(spawn(command, args, { stdio: 'inherit' }), 'exit');
    const { attempts, listener } = await shutDown(network, network.serverAddress, 1300);
    t.equal(listener.seal, 'filter');
    const lost = attempts.filter(({ outcome }) => outcome !== 'answered' && outcome !== 'refused');
    t.strictSame(lost, []);
  });

  t.test('survive packet loss', async (t) => {
    const network = await createNetwork({ rtt: 50, loss: 5 });
    t.teardown(network.close);
    // The default: a lost request of a client whose SYN was repeated comes again only after 2 to 3 s.
    const { attempts } = await shutDown(network, network.serverAddress, 1000, { KEEP_ALIVE_GRACE: '1000' });
    const reset = attempts.filter(({ outcome }) => outcome === 'reset' || outcome === 'empty');
    t.strictSame(reset, []);
  });
});
