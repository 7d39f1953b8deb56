// `npm run bench -- router`: two dynos behind a router like Heroku's, each a cluster all of whose processes get the
// signal at once. Prints what a careful plain cluster loses beside it.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { times } from './settings.ts';
import { table } from './table.ts';

const program = fileURLToPath(new URL('../../benchmarks/router.js', import.meta.url));

interface Story {
  readonly program: 'graceful' | 'plain';
  readonly keepAlive: boolean;
  readonly outcomes: Readonly<Record<'ok' | 'H13' | 'H18' | 'H21', number>>;
  readonly rerouted: number;
  readonly exits: readonly string[];
}

const rows = [['dynos', 'router', 'stops', 'answered', 'sent elsewhere', 'H13', 'H18', 'H21']];

const stdout = await new Promise<string>((resolve, reject) => {
  const args = [program, '--json', '--stops', String(times)];
  execFile(process.execPath, args, (_error, stdout, stderr) =>
    stderr === '' ? resolve(stdout) : reject(new Error(stderr)),
  );
});

for (const line of stdout.trim().split('\n')) {
  const { program, keepAlive, outcomes, rerouted, exits } = JSON.parse(line) as Story;
  const { ok, ...errors } = outcomes;
  const router = keepAlive ? 'keeps connections' : 'a connection per request';
  const name = program === 'graceful' ? 'ours' : 'plain';
  rows.push([name, router, ...[times, ok, rerouted, errors.H13, errors.H18, errors.H21].map(String)]);
  if (program === 'plain') continue;
  t.same(errors, { H13: 0, H18: 0, H21: 0 }, `${router}: nobody sees it`);
  t.ok(rerouted >= times, `${rerouted} connects were refused, and went elsewhere`);
  t.same([...new Set(exits)], ['0'], 'each exit code is 0');
}
t.equal(rows.length, 5);
t.comment(`\n${table(rows)}`);
