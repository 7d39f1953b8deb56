// Rolling updates in Kubernetes, simulated: pods are network namespaces, the service is an address that nft translates
// as kube-proxy does, and each change of the endpoints arrives 2 to 5 s late. Prints what plain Node loses beside it.
import t from 'tap';
import { podsUnavailable } from './pods.ts';
import { rollOut, type RolledOut, type Rollout } from './rollout.ts';
import { short } from './settings.ts';
import { median, table, tell } from './table.ts';

/** As docs/kubernetes.md has it. */
const options = { shutdownDelay: { min: 5_000, max: 15_000, quiet: 2_000 }, timeout: 28_000 };

const stops = short ? 3 : 40;
const plainStops = short ? 2 : 10;

const traffics: Readonly<Record<string, Rollout['traffic']>> = {
  '1 request a second': { rate: 1, keepAlive: 0, pause: 0 },
  '500 requests a second': { rate: 500, keepAlive: 0, pause: 0 },
  '8 clients that keep their connection, a request every 1.5 s': { rate: 0, keepAlive: 8, pause: 1_500 },
};

const rows = [['traffic', 'server', 'pods stopped', 'answered', 'failed', 'stop']];

function note(name: string, server: string, stopped: number, { ok, failed, took }: RolledOut): void {
  const stop = `${(median(took) / 1_000).toFixed(1)} s`;
  rows.push([name, server, String(stopped), String(ok), tell(failed), stop]);
  t.comment(rows.at(-1)?.join(' | '));
}

t.test('rolling updates', { skip: podsUnavailable() }, async (t) => {
  // Each has a network of its own, and most of the time is waited.
  t.jobs = 3;
  for (const [name, traffic] of Object.entries(traffics)) {
    t.test(name, { buffered: true }, async (t) => {
      const ours = await rollOut(t, { program: 'graceful', options, traffic, stops });
      note(name, 'ours', stops, ours);
      t.same(ours.failed, {}, 'nobody sees it');
      t.same([...new Set(ours.exits)], ['0'], 'each exit code is 0');
      note(
        name,
        'plain',
        plainStops,
        await rollOut(t, { program: 'plain', options, traffic, stops: plainStops }),
      );
    });
  }
});

t.teardown(() => t.comment(`\n${table(rows)}`));
