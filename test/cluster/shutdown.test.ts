import { fileURLToPath } from 'node:url';
import t from 'tap';
import { countLost, runRound, type Round } from '@graceful-cluster/probe';
import { reusePortUnavailable } from './reuse-port.ts';

const load = { newConnection: 64, keepAlive: 64, slow: 4, slowPath: '/slow?ms=400' };

function stop(
  program: string,
  env: Readonly<Record<string, string>>,
  group: boolean,
  seed = 1,
): Promise<Round> {
  const command = [process.execPath, fileURLToPath(new URL(`../../${program}.js`, import.meta.url))];
  return runRound({ address: 'printed', command, env, group, load: { ...load, seed }, startTimeout: 60_000 });
}

const modes = [
  { mode: 'rr', name: 'round robin', skip: false },
  { mode: 'none', name: 'shared handle', skip: false },
  { mode: 'reusePort', name: 'reusePort', skip: reusePortUnavailable() },
] as const;

for (const { mode, name, skip } of modes) {
  for (const group of [false, true]) {
    t.test(
      `${name}: nobody is lost, signal to ${group ? 'the group' : 'the primary'}`,
      { skip },
      async (t) => {
        const round = await stop('test/fixtures/cluster/server', { MODE: mode }, group);
        t.equal(countLost(round.counts), 0, JSON.stringify(round.lost.slice(0, 3)));
        t.ok(round.counts.refused > 0, 'late clients are refused');
        t.ok(round.counts.answered > 100, 'the others are answered');
        t.equal(round.acceptedAfterRefusal, 0, 'nobody gets in after the first refusal');
        t.same(round.exit, { code: 0, signal: null });
        t.equal(round.stderr, '');
      },
    );
  }
}

t.test('a plain cluster loses more than 10 clients per shutdown', async (t) => {
  const rounds: Round[] = [];
  for (const seed of [1, 2, 3]) rounds.push(await stop('examples/plain-cluster', {}, false, seed));
  const lost = rounds.reduce((sum, { counts }) => sum + countLost(counts), 0) / rounds.length;
  t.comment(`${lost.toFixed(1)} lost per shutdown`);
  t.ok(lost > 10, `${lost} per shutdown`);
});
