// Stops a server in the middle of saturating load: clients that open a connection for each request, and keep-alive
// ones. `npm run soak:adapters` does it a hundred times.
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { countLost, runRound, type Round } from '@graceful-cluster/probe';

const loads = {
  'new connections': { newConnection: 64, keepAlive: 0 },
  'keep-alive': { newConnection: 0, keepAlive: 64 },
};

function stop(program: string, load: object, seed: number): Promise<Round> {
  const path = program.endsWith('.cjs') ? `../../../${program}` : `../../${program}.js`;
  const node = ['env', '-u', 'NODE_OPTIONS', process.execPath];
  return runRound({
    address: 'printed',
    command: [...node, fileURLToPath(new URL(path, import.meta.url))],
    load: { slow: 4, seed, ...load },
    startTimeout: 60_000,
    // A cluster says that it listens when its first worker does: the others need a moment more.
    warmup: program.includes('cluster') ? 1_500 : 500,
  });
}

const programs = ['fastify', 'express', 'fastify-cluster', 'express-cluster', 'express4.cjs'];

for (const program of programs) {
  for (const [seed, [name, load]] of Object.entries(loads).entries()) {
    t.test(`${program}, ${name}: nobody is lost`, async (t) => {
      const round = await stop(`examples/${program}`, load, seed);
      t.equal(countLost(round.counts), 0, JSON.stringify(round.lost.slice(0, 3)));
      t.equal(round.counts.unavailable, 0, 'nobody is answered 503');
      t.ok(round.counts.answered > 50, `${round.counts.answered} are answered`);
      // Clients that are told to close may be at rest until the process is gone.
      if (name === 'new connections') t.ok(round.counts.refused > 0, `${round.counts.refused} are refused`);
      t.equal(round.acceptedAfterRefusal, 0, 'nobody gets in after the first refusal');
      t.same(round.exit, { code: 0, signal: null }, round.stdout + round.stderr);
    });
  }
}

for (const program of ['plain-fastify', 'plain-express']) {
  for (const [name, load] of Object.entries(loads)) {
    t.test(`${program}, ${name}: somebody is lost`, async (t) => {
      const lost: number[] = [];
      while (lost.length < 5 && !lost.some((count) => count > 0)) {
        const { counts } = await stop(`test/fixtures/adapters/${program}`, load, lost.length + 1);
        lost.push(countLost(counts));
      }
      t.ok(lost.at(-1), `${lost.join(', ')} are lost`);
    });
  }
}
