// STORMS=100 for as many shutdowns of each kind.
import t from 'tap';
import { clean, sleep, startServer, stop } from '../helpers/shutdown.ts';
import { storm } from '../helpers/storm.ts';

const rounds = Number(process.env['STORMS'] ?? 2);
const storms = { 'keep-alive': { depth: 1, think: 20 }, pipelining: { depth: 8, think: 20 } } as const;
t.setTimeout(rounds * 30_000);

for (const kind of ['http', 'https'] as const) {
  for (const [name, load] of Object.entries(storms)) {
    t.test(`${kind}: a ${name} storm of 64 clients loses nothing in ${rounds} shutdowns`, async (t) => {
      t.setTimeout(rounds * 20_000);
      for (let round = 1; round <= rounds; round += 1) {
        const child = await startServer(t, { kind });
        const running = storm({ port: child.port, secure: kind === 'https', clients: 64, ...load });
        await child.line(kind === 'https' ? 'secure' : 'connection', 64);
        await sleep(100 + Math.random() * 200);
        const { ended } = await stop(child);
        const [counts, result] = await Promise.all([running, ended]);
        t.same(counts.lost, [], `round ${round}: ${counts.answered} answered`);
        t.match(result, { ...clean, answered: counts.answered });
        t.equal(counts.refused, 64);
        t.equal(result.report.connections.answered, counts.closes, 'as many closed as were told to');
      }
    });
  }
}
