import t from 'tap';
import type { ReloadReport } from '@graceful-cluster/core';
import { countLost, startLoad } from '@graceful-cluster/probe';
import { ends, startCluster, survivors } from './cluster-process.ts';
import { reusePortUnavailable } from './reuse-port.ts';

const modes = [
  { mode: 'rr', workers: 4, skip: false },
  { mode: 'none', workers: 2, skip: false },
  { mode: 'reusePort', workers: 2, skip: reusePortUnavailable() },
] as const;
for (const { mode, workers, skip } of modes) {
  t.test(`${mode}: a rolling reload under load fails no request and refuses none`, { skip }, async (t) => {
    const cluster = await startCluster(t, { env: { WORKERS: String(workers), MODE: mode } });
    const load = startLoad({ host: '127.0.0.1', port: cluster.port }, { newConnection: 8, keepAlive: 16 });
    t.teardown(() => load.stop());
    const old = cluster.workers();
    cluster.signal('SIGUSR2');
    const { replaced, killed } = JSON.parse(await cluster.line('reloaded')) as ReloadReport;
    t.same({ replaced, killed }, { replaced: workers, killed: 0 });
    t.equal(cluster.workers().length, old.length + workers);
    t.same(await survivors(old), [], 'the old workers are gone');
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
