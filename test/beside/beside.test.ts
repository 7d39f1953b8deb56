import t from 'tap';
import { behaviours, keptBehaviours } from '../fixtures/beside/behaviours.ts';
import { right, stopBeside } from './stop-beside.ts';

/** All ways for all behaviours, in a cluster as well, and what plain Node loses: for `npm run test:beside`. */
const ALL = process.env['BESIDE'] === 'all';
const ways = ['attach', 'express', 'fastify', 'register'];

for (const behaviour of [...behaviours, ...keptBehaviours, 'closing its database' as const]) {
  t.test(`a program that stops by itself: ${behaviour}`, async (t) => {
    const chosen = ALL || behaviour === 'own close' ? ways : ['attach', 'register'];
    const stops = chosen.map(async (way) => {
      const { refused, answered: _, stdout: __, ...seen } = await stopBeside(t, way, behaviour, false);
      t.same(seen, right(behaviour, false), way);
      t.ok(refused > 0, `${way}: ${refused} refused`);
    });
    await Promise.all(stops);
    if (!ALL) return;
    const plain = await stopBeside(t, 'plain', behaviour, false);
    t.comment(
      `plain Node: ${plain.lost.length} lost, slow request ${plain.slow}, ${plain.code ?? plain.signal}`,
    );
  });
}

for (const behaviour of ALL ? behaviours : behaviours.filter((_, index) => index % 4 === 1)) {
  t.test(`the workers of a cluster that stop by themselves: ${behaviour}`, async (t) => {
    for (const way of ALL ? ways : ['attach', 'register']) {
      const { refused, answered: _, stdout: __, ...seen } = await stopBeside(t, way, behaviour, true);
      t.same(seen, right(behaviour, true), way);
      t.ok(refused > 0, `${way}: ${refused} refused`);
    }
  });
}
