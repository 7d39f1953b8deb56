import t from 'tap';
import type { ReloadReport } from '@graceful-cluster/core';
import { countLost, startLoad } from '@graceful-cluster/probe';
import { ends, startCluster, survivors } from './cluster-process.ts';
import { reusePortUnavailable } from './reuse-port.ts';

const modes = [
  { mode: 'rr', skip: false },
  { mode: 'none', skip: false },
  { mode: 'reusePort', skip: reusePortUnavailable() },
] as const;
for (const { mode, skip } of modes) {
  t.test(`${mode}: rolling reloads under load fail no request and refuse none`, { skip }, async (t) => {
    const cluster = await startCluster(t, { env: { WORKERS: '4', MODE: mode } });
    const load = startLoad({ host: '127.0.0.1', port: cluster.port }, { newConnection: 8, keepAlive: 32 });
    t.teardown(() => load.stop());
    for (const nth of [1, 2]) {
      const old = cluster.workers();
      cluster.signal('SIGUSR2');
      const { replaced, killed } = JSON.parse(await cluster.line('reloaded', nth)) as ReloadReport;
      t.same({ replaced, killed }, { replaced: 4, killed: 0 });
      t.equal(cluster.workers().length, old.length + 4);
      t.same(await survivors(old), [], 'the old workers are gone');
    }
    load.stop();
    await load.ended;
    const { counts, lost, clientErrors } = load.result();
    t.equal(countLost(counts), 0, JSON.stringify(lost.slice(0, 3)));
    t.equal(counts.refused, 0);
    t.same(clientErrors, {});
    t.ok(counts.answered > 500, `${counts.answered} answered`);
    cluster.signal('SIGTERM');
    await ends(t, cluster, { code: 0, signal: null });
    t.equal(cluster.stderr(), '');
  });
}
