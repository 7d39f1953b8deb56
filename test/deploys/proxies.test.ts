// Deploys behind a proxy, under load: two servers, each stopped and started again in turn, or told to reload. Prints
// what plain Node loses beside it, but in the short form.
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { startLoad, type Result } from './load.ts';
import { missing, proxies, startProxy, type Proxy, type RunningProxy } from './proxies.ts';
import { startPair, type Rolled, type Rolling } from './roll.ts';
import { short, times, wanted } from './settings.ts';
import { median, table, tell } from './table.ts';

const ways = {
  'two processes': { workers: 0, reload: false },
  'two clusters': { workers: 2, reload: false },
  'two clusters, reload': { workers: 2, reload: true },
} as const;

type Way = keyof typeof ways;

interface Deployed extends Rolled {
  readonly result: Result;
}

/** Until requests are in flight at both servers. */
const UNDER_LOAD_MS = 500;

const rows = [['proxy', 'deployed', 'answered', 'failed', 'stop']];
if (!short) rows[0]?.push('plain Node: failed', 'stop');

async function deploy(
  t: Test,
  proxy: Proxy,
  { port, servers, answers }: RunningProxy,
  program: Rolling['program'],
  way: Way,
): Promise<Deployed> {
  const { gap, shutdownDelay, keepAliveGrace, websockets } = proxy;
  const { workers, reload } = ways[way];
  const pair = await startPair(t, {
    program,
    ports: servers,
    workers,
    options: { shutdownDelay, keepAliveGrace },
    gap,
  });
  await answers();
  const load = startLoad(port, { websockets });
  try {
    await sleep(UNDER_LOAD_MS);
    const rolled = await (reload ? pair.reload(times) : pair.restart(times));
    return { ...rolled, result: await load.stop() };
  } finally {
    await load.stop();
    pair.end();
  }
}

const seconds = (milliseconds: readonly number[]): string => `${(median(milliseconds) / 1_000).toFixed(1)} s`;

for (const proxy of proxies.filter(({ name }) => wanted(name))) {
  t.test(proxy.name, { skip: missing(proxy) }, async (t) => {
    const running = await startProxy(t, proxy);
    for (const way of Object.keys(ways) as Way[]) {
      t.test(`${way}, ${times} times`, async (t) => {
        const ours = await deploy(t, proxy, running, 'graceful', way);
        const { result, reports, exits } = ours;
        const row = [proxy.name, way, String(result.ok), tell(result.failed), seconds(ours.took)];
        if (!short) {
          const plain = await deploy(t, proxy, running, 'plain', way);
          row.push(tell(plain.result.failed), seconds(plain.took));
        }
        rows.push(row);
        t.comment(rows.at(-1)?.join(' | '));

        t.same(result.failed, {}, 'nobody sees it');
        t.same(
          exits.filter((exit) => exit !== '0'),
          [],
          'each exit code is 0',
        );
        t.same(
          reports.filter(({ clean }) => !clean),
          [],
          'each report is clean',
        );
        // Requests in a delay are served before the report begins to count.
        if (!ways[way].reload && proxy.shutdownDelay === 0) {
          const busy = reports.filter(({ requests }) => requests.served > 0);
          t.ok(busy.length > times / 2, `${busy.length} of ${times} had requests to answer after the signal`);
        }
        if (proxy.websockets) t.ok(result.goingAway > 0, `${result.goingAway} WebSockets got Close 1001`);
      });
    }
  });
}

t.teardown(() => t.comment(`${times} times each\n${table(rows)}`));
