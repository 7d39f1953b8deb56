// Plain Node loses connections when it stops. Should it cease to, this test says so.
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { countLost, runRound } from '@graceful-cluster/probe';
import { pristine } from '../helpers/child.ts';

const command = [...pristine, fileURLToPath(new URL('../../examples/plain-server.js', import.meta.url))];
const rounds = 5;

t.test(`a plain server loses more than 10 clients each time it stops under load`, async (t) => {
  const losses: number[] = [];
  for (let seed = 1; seed <= rounds; seed += 1) {
    const round = await runRound({
      address: 'printed',
      command,
      load: { newConnection: 64, keepAlive: 64, slow: 4, seed },
    });
    losses.push(countLost(round.counts));
    t.match(round, { exit: { code: 0, signal: null }, refusedBeforeSignal: 0, acceptedAfterRefusal: 0 });
  }
  const mean = losses.reduce((sum, lost) => sum + lost, 0) / rounds;
  t.ok(mean > 10, `${mean.toFixed(1)} per shutdown: ${losses.join(', ')}`);
});
