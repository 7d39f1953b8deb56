// Stops a server in the middle of saturating load: clients that open a connection for each request, and keep-alive ones.
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { countLost, runRound, type Round } from '@graceful-cluster/probe';

const rounds = 2;
const loads = {
  'new connections': { newConnection: 64, keepAlive: 0 },
  'keep-alive': { newConnection: 0, keepAlive: 64 },
};

function stop(program: string, load: object, seed: number): Promise<Round> {
  const path = program.endsWith('.cjs') ? `../../../${program}` : `../../${program}.js`;
  const command = [
    'env',
    '-u',
    'NODE_OPTIONS',
    process.execPath,
    fileURLToPath(new URL(path, import.meta.url)),
  ];
  // A cluster says that it listens when its first worker does: all of them shall.
  return runRound({
    command,
    load: { slow: 4, seed, ...load },
    warmup: program.includes('cluster') ? 1_500 : 700,
  });
}

const programs = ['fastify', 'express', 'fastify-cluster', 'express-cluster'].map(
  (name) => `examples/${name}`,
);

for (const program of [...programs, 'examples/express4.cjs']) {
  for (const [name, load] of Object.entries(loads)) {
    t.test(`${program}, ${name}: nobody is lost`, async (t) => {
      for (let seed = 1; seed <= rounds; seed += 1) {
        const round = await stop(program, load, seed);
        t.equal(countLost(round.counts), 0, JSON.stringify(round.lost.slice(0, 3)));
        t.equal(round.counts.unavailable, 0, 'nobody is answered 503');
        t.ok(round.counts.answered > 50, `${round.counts.answered} are answered`);
        // Clients that are told to close may be at rest until the process is gone.
        if (name === 'new connections') t.ok(round.counts.refused > 0, `${round.counts.refused} are refused`);
        t.equal(round.acceptedAfterRefusal, 0, 'nobody gets in after the first refusal');
        t.same(round.exit, { code: 0, signal: null }, round.stdout + round.stderr);
      }
    });
  }
}

for (const program of ['test/fixtures/adapters-plain-fastify', 'test/fixtures/adapters-plain-express']) {
  t.test(`${program} loses clients each time`, async (t) => {
    const losses: number[] = [];
    for (let seed = 1; seed <= 3; seed += 1) {
      const { counts } = await stop(program, { newConnection: 64, keepAlive: 64 }, seed);
      losses.push(countLost(counts));
    }
    t.ok(losses.reduce((sum, lost) => sum + lost, 0) / losses.length > 10, losses.join(', '));
  });
}
