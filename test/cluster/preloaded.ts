import type { Test } from 'tap';
import { countLost, runRound } from '@graceful-cluster/probe';

export const register = ['--import', import.meta.resolve('@graceful-cluster/core/register')];

/** The server of a worker, which needs `http`: it answers with its pid, after the `ms` of the address. */
export const workerCode = `
  const server = http.createServer((request, response) => {
    if (request.url.endsWith('tell')) response.writeEarlyHints({ link: '</>; rel=self', worker: process.pid });
    setTimeout(() => response.end(String(process.pid)), Number(new URL(request.url, 'http://a').searchParams.get('ms')));
  });
  server.listen(process.env.PORT, '127.0.0.1');`;

export interface PreloadedOptions {
  readonly group?: boolean;
  /** Whether it does what a stop defers, and says so on stderr. */
  readonly tells?: boolean;
}

/** Stops a program under load that knows nothing of us. */
export async function losesNobody(
  t: Test,
  file: string,
  { group = false, tells = false }: PreloadedOptions = {},
): Promise<void> {
  const round = await runRound({
    address: 'printed',
    command: [process.execPath, ...register, file],
    load: { newConnection: 64, keepAlive: 64, slow: 4, slowPath: '/slow?ms=400' },
    startTimeout: 60_000,
    group,
  });
  t.equal(countLost(round.counts), 0, JSON.stringify(round.lost.slice(0, 3)));
  t.ok(round.counts.answered > 100);
  t.ok(round.counts.refused > 0);
  t.same(round.exit, { code: 0, signal: null }, round.stderr);
  if (!tells) t.equal(round.stderr, '');
}
