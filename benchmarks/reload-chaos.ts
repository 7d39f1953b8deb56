// Reloads a cluster again and again, and in the middle of each reload something goes wrong: a worker or the primary is
// killed, crashes, is stopped for a while, or gets a signal of its own. Fails on every client outcome that this does
// not explain: a request that is lost with a worker that lived, a connection that ends without a reason, a client
// that waits for an answer, a cluster that does not come to rest.
//   npm run soak:chaos -- [--reloads 200] [--seed 1] [--workers 2] [--clients 40] [--fault NAME] [--node PATH]
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startChaosClients, type ChaosClients, type Ending } from './helpers/chaos-clients.ts';
import { faults, randomFrom, type Fault } from './helpers/chaos-faults.ts';
import { startChild, type Child } from './helpers/child.ts';
import { now, sleep, within } from './helpers/clock.ts';
import { readCount } from './helpers/soak-options.ts';

const { values } = parseArgs({
  options: {
    reloads: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    clients: { type: 'string', default: '40' },
    fault: { type: 'string', default: '' },
    node: { type: 'string', default: process.execPath },
  },
});
const reloads = readCount('reloads', values.reloads, 1);
const workers = readCount('workers', values.workers, 2);
const clientCount = readCount('clients', values.clients, 1);
const random = randomFrom(readCount('seed', values.seed, 0));
const chosen = faults.filter(({ name }) => name.includes(values.fault));

const LIMIT_MS = 30_000;
/** `timeout` of the cluster. A worker's drain is that less 1 s. */
const TIMEOUT_MS = 6_000;
/** A reload of two workers on a quiet machine. */
const RELOAD_MS = 1_500;
/** Time after a fault in which a loss belongs to it. */
const AFTERMATH_MS = 3_000;

interface Running {
  readonly cluster: Child;
  readonly clients: ChaosClients;
}

const program = fileURLToPath(new URL('../test/fixtures/cluster/server.js', import.meta.url));
const tally = new Map<string, { rounds: number; lost: number; closed: number }>();
let unexplained = 0;
let running: Running | undefined;
for (let nth = 1; nth <= reloads; nth += 1) {
  running ??= await start();
  const fault = chosen[Math.floor(random() * chosen.length)];
  if (fault === undefined) throw new Error(`no fault is called ${values.fault}`);
  const wrong = await reloadOnce(running, fault);
  unexplained += wrong.length;
  for (const each of wrong) console.log(`reload ${nth}, ${fault.name}: ${each}`);
  if (nth % 10 === 0) console.log(`${nth} reloads, ${unexplained} unexplained`);
  if (fault.meets === 'primary' || wrong.length > 0) {
    await end(running);
    running = undefined;
  }
}
if (running !== undefined) await end(running);
for (const [name, { rounds, lost, closed }] of tally) {
  console.log(`${name}: ${rounds} reloads, ${lost} requests lost, ${closed} connections closed`);
}
console.log(`${reloads} reloads, seed ${values.seed}: ${unexplained} outcomes unexplained`);
process.exitCode = unexplained === 0 ? 0 : 1;

async function start(): Promise<Running> {
  const env = {
    PORT: '0',
    WORKERS: String(workers),
    SERVER: '{"keepAliveTimeout":60000}',
    OPTIONS: JSON.stringify({ timeout: TIMEOUT_MS, cleanupTimeout: 1_000 }),
  };
  const cluster = startChild([values.node, program], { env });
  const [, port] = await cluster.find(/listening on http:\/\/127\.0\.0\.1:(\d+)\n/, LIMIT_MS);
  const clients = startChaosClients(Number(port), clientCount);
  await sleep(300);
  return { cluster, clients };
}

async function end({ cluster, clients }: Running): Promise<void> {
  clients.stop();
  await cluster.end();
  for (const pid of pids(cluster)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

/** @returns what the fault does not explain */
async function reloadOnce({ cluster, clients }: Running, fault: Fault): Promise<readonly string[]> {
  const before = clients.endings.length;
  const old = pids(cluster).filter(isAlive);
  const results = lines(cluster, /^(?:not )?reloaded .*$/gm).length;
  process.kill(cluster.pid, 'SIGUSR2');
  await sleep(random() * RELOAD_MS * workers);
  const victim = choose(cluster, fault, old);
  const struck = now();
  await fault.strike(victim, random);
  const over = now();
  const ends = fault.meets === 'primary' && fault.name !== 'SIGSTOP of the primary';
  const wrong: string[] = [];
  try {
    if (ends)
      await within(Promise.all([cluster.exited, gone(cluster)]), LIMIT_MS, 'the end of all processes');
    else await within(rest(cluster, results, clients), LIMIT_MS, 'rest after the reload');
  } catch (error) {
    wrong.push(`${String(error)}; ${clients.longestWait().toFixed(0)} ms is the longest wait of a client`);
  }
  if (ends && fault.name.startsWith('SIGTERM')) {
    const { code } = await within(cluster.exited, LIMIT_MS, 'the end');
    if (code !== 0) wrong.push(`the primary exited with code ${code}`);
  }
  const endings = clients.endings.slice(before);
  const explains = (ending: Ending): boolean => isExplained(ending, { fault, victim, struck, over, old });
  const bad = endings.filter((ending) => !explains(ending));
  const count = tally.get(fault.name) ?? { rounds: 0, lost: 0, closed: 0 };
  count.rounds += 1;
  count.lost += endings.filter(({ lost }) => lost).length;
  count.closed += endings.filter(({ lost }) => !lost).length;
  tally.set(fault.name, count);
  for (const { at, lost, told, pid } of bad) {
    const whose = pid === victim ? 'the victim' : old.includes(pid ?? 0) ? 'an old worker' : 'a new worker';
    wrong.push(
      `${lost ? 'lost' : 'closed'}${told ? ' (told)' : ''} ${(at - struck).toFixed(0)} ms after it, answered last by ${whose} (${pid})`,
    );
  }
  return wrong;
}

interface Circumstances {
  readonly fault: Fault;
  readonly victim: number;
  readonly struck: number;
  /** When a process that was stopped went on. */
  readonly over: number;
  readonly old: readonly number[];
}

function isExplained(
  { at, lost, pid }: Ending,
  { fault, victim, struck, over, old }: Circumstances,
): boolean {
  if (at < struck) return false;
  if (fault.kills) {
    // A connection may have moved to the victim since its last answer.
    const may = pid === victim || pid === undefined || old.includes(pid);
    return may && at < struck + AFTERMATH_MS;
  }
  if (fault.name === 'SIGKILL of the primary') return at < struck + AFTERMATH_MS + TIMEOUT_MS;
  return !lost && fault.closes === true && at < over + AFTERMATH_MS + TIMEOUT_MS;
}

function choose(cluster: Child, { meets }: Fault, old: readonly number[]): number {
  const alive = pids(cluster).filter(isAlive);
  const group = {
    primary: [cluster.pid],
    any: alive,
    old: alive.filter((pid) => old.includes(pid)),
    new: alive.filter((pid) => !old.includes(pid)),
  }[meets];
  const from = group.length > 0 ? group : alive;
  return from[Math.floor(random() * from.length)] ?? cluster.pid;
}

/** Resolves when the reload is over, as many workers as wanted are there, and every client gets answers. */
async function rest(cluster: Child, results: number, clients: ChaosClients): Promise<void> {
  while (lines(cluster, /^(?:not )?reloaded .*$/gm).length === results) await sleep(20);
  for (;;) {
    await sleep(100);
    if (pids(cluster).filter(isAlive).length === workers && clients.longestWait() < 500) return;
  }
}

async function gone(cluster: Child): Promise<void> {
  while (pids(cluster).some(isAlive)) await sleep(20);
}

function lines(cluster: Child, pattern: RegExp): readonly RegExpExecArray[] {
  return [...cluster.stdout().matchAll(pattern)];
}

function pids(cluster: Child): readonly number[] {
  return lines(cluster, /^worker (\d+)$/gm).map(([, pid]) => Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
