// Replaces all workers of a service again and again under clients that post on kept connections with next to no pause,
// and prints one row of a table. Ours runs under other load besides, and fails on the first request that fails or is
// refused, and on the first kept connection that is closed (round robin).
//   npm run soak:reload -- [--contender ours|plain|pm2|pm2-ours|nginx] [--behind-nginx] [--reloads 50] [--kept 40]
//                          [--cluster round-robin|shared|reuse-port] [--workers 4] [--node PATH]
import { parseArgs } from 'node:util';
import { countLost, startLoad } from '@graceful-cluster/probe';
import { formatCount, formatTime, median } from '@graceful-cluster/probe/format';
import { startKeptClients } from './helpers/kept-clients.ts';
import { now, sleep, within } from './helpers/clock.ts';
import {
  contenders,
  putBehindNginx,
  startContender,
  type ContenderName,
  type Reloadable,
  type Reloaded,
} from './helpers/reload-contenders.ts';
import { modes, readCount, readOne, type Mode } from './helpers/soak-options.ts';

const { values } = parseArgs({
  options: {
    contender: { type: 'string', default: 'ours' },
    'behind-nginx': { type: 'boolean', default: false },
    reloads: { type: 'string', default: '50' },
    cluster: { type: 'string', default: 'round-robin' },
    kept: { type: 'string', default: '40' },
    workers: { type: 'string', default: '4' },
    node: { type: 'string', default: process.execPath },
  },
});
const name = readOne('contender', values.contender, Object.keys(contenders) as ContenderName[]);
const behindNginx = values['behind-nginx'];
const reloads = readCount('reloads', values.reloads, 1);
const kept = readCount('kept', values.kept, 0);
const workers = readCount('workers', values.workers, 1);
const mode = readOne('cluster', values.cluster, Object.keys(modes) as Mode[]);
const LOAD = { newConnection: 4, keepAlive: 32, slow: 2, slowPath: '/slow?ms=300' };
const NO_LOAD = { newConnection: 0, keepAlive: 0, slow: 0 };
const LIMIT_MS = 60_000;
/** Before the first reload, and after the last, in milliseconds. */
const SETTLE_MS = 500;

const alone = await startContender(name, { node: values.node, workers, mode });
const proxied = behindNginx ? await putBehindNginx(alone) : undefined;
const service: Reloadable = proxied ?? alone;
try {
  process.exitCode = (await soak()) || name !== 'ours' ? 0 : 1;
} finally {
  await service.end();
}

/** @returns whether nothing at all went wrong */
async function soak(): Promise<boolean> {
  const { port } = service;
  const load = startLoad({ host: '127.0.0.1', port }, name === 'ours' && !behindNginx ? LOAD : NO_LOAD);
  const keptClients = startKeptClients(port, kept);
  const done: Reloaded[] = [];
  await sleep(SETTLE_MS);
  proxied?.settled();
  const start = now();
  let closedBehind: number | undefined;
  try {
    while (done.length < reloads) {
      done.push(await within(service.reload(), LIMIT_MS, 'a reload'));
      const nth = done.length;
      if (nth % 10 === 0 || nth === reloads) {
        const { answered, refused } = load.counts;
        const counts = `${formatCount(answered)} answered, ${refused} refused, ${countLost(load.counts)} lost`;
        console.log(`${nth} reloads, ${((now() - start) / 1_000).toFixed(0)} s: ${counts}`);
      }
    }
    await sleep(SETTLE_MS);
    closedBehind = proxied?.closed();
  } finally {
    keptClients.stop();
    load.stop();
    await load.ended;
  }
  const { counts, lost, clientErrors } = load.result();
  for (const each of lost) console.log(`  ${JSON.stringify(each)}`);
  const old = service.pids().slice(0, -workers).filter(isAlive);
  const sum = (of: (each: Reloaded) => number): number => done.reduce((total, each) => total + of(each), 0);
  const [replaced, killed, moved] = [
    sum((each) => each.replaced),
    sum((each) => each.killed),
    sum((each) => each.moved),
  ];
  const { seen } = keptClients;
  const took = formatTime(median(done.map(({ duration }) => duration)) ?? 0);
  console.log(
    [
      `kept connections: ${formatCount(seen.answered)} answered, ${seen.failed} answered with an error, ${seen.closed} closed, ${seen.lost} lost; ${formatCount(moved)} moves`,
      ...(closedBehind === undefined ? [] : [`connections of nginx that are gone: ${closedBehind}`]),
      `${contenders[name]}, ${mode}: ${reloads} reloads of ${workers} workers, ${replaced} replaced, ${killed} of them killed;`,
      `one reload takes ${took} (median)`,
      `${formatCount(counts.answered)} answered, ${counts.refused} refused, ${countLost(counts)} lost,`,
      `failed on the client's side: ${JSON.stringify(clientErrors)}`,
      `old workers that are still there: ${old.length}`,
    ].join('\n'),
  );
  const code = await service.stop();
  console.log(`stopped with code ${code}`);
  const cells = [
    `${contenders[name]}${behindNginx ? ', behind nginx' : ''}`,
    reloads,
    formatCount(seen.answered),
    closedBehind === undefined ? seen.closed + seen.lost : `${closedBehind} of nginx's`,
    seen.lost,
    seen.failed,
    took,
  ];
  console.log('| reloaded | reloads | requests | connections closed | requests lost | 5xx | one reload |');
  console.log(`| ${cells.join(' | ')} |`);
  // Elsewhere than under round robin no other process deals them again: they are closed while idle.
  const closed = mode === 'round-robin' ? seen.closed + (closedBehind ?? 0) : 0;
  const failures = [
    closed,
    seen.lost,
    seen.failed,
    countLost(counts),
    counts.refused,
    old.length,
    killed,
    code ?? 1,
  ];
  return replaced === reloads * workers && failures.every((failure) => failure === 0);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
