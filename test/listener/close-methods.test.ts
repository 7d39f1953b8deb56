import { fileURLToPath } from 'node:url';
import t from 'tap';
import { countLost, runRound } from '@graceful-cluster/probe';
import type { ListenerReport } from '@graceful-cluster/core';
import { pristine } from '../helpers/child.ts';

const fixture = fileURLToPath(new URL('../fixtures/listener/seal-server.js', import.meta.url));
const linux = process.platform === 'linux';
const ROUNDS = 5;
const CLIENTS = 64 + 8 + 2;
t.setTimeout(300_000);

interface Outcome {
  readonly lost: number;
  readonly refused: number;
  readonly seals: readonly string[];
  readonly notes: readonly string[];
}

/** Several shutdowns under saturating load with one method forced. */
async function shutDown(env: Record<string, string>, flags: string[] = []): Promise<Outcome> {
  let lost = 0;
  let refused = 0;
  const seals: string[] = [];
  const notes: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const {
      counts,
      exit,
      stdout,
      stderr,
      lost: records,
    } = await runRound({
      address: 'printed',
      command: [...pristine, ...flags, fixture],
      env,
      load: { keepAlive: 8, slow: 2, slowPath: '/slow', thinkTime: 20 },
      warmup: 400,
      loadAfterSignal: 1_500,
    });
    const line = /^report (.*)$/m.exec(stdout)?.[1];
    const [listener] = JSON.parse(line ?? '[]') as ListenerReport[];
    // What a close resets it reports, and then the shutdown was not clean.
    const code = listener?.abandoned ? 1 : 0;
    if (exit.code !== code || exit.signal !== null || listener === undefined) {
      throw new Error(`exit ${exit.code} ${exit.signal}\n${stdout}${stderr}${JSON.stringify(records)}`);
    }
    seals.push(listener.seal);
    notes.push(...listener.notes);
    lost += countLost(counts);
    refused += counts.refused;
  }
  return { lost, refused, seals: [...new Set(seals)], notes: [...new Set(notes)] };
}

t.test('detach loses nothing', { skip: !linux }, async (t) => {
  const { lost, refused, seals } = await shutDown({ SEAL: 'detach' });
  t.strictSame(seals, ['detach']);
  t.equal(lost, 0);
  t.ok(refused > 0, 'late clients were refused');
});

t.test('auto is detach, as root and as nobody', { skip: !linux }, async (t) => {
  t.strictSame((await shutDown({})).seals, ['detach']);
  if (process.getuid?.() !== 0) return;
  const { lost, seals } = await shutDown({ RUN_AS: '65534' });
  t.strictSame(seals, ['detach']);
  t.equal(lost, 0);
});

t.test('filter loses nothing', { skip: !linux || process.getuid?.() !== 0 }, async (t) => {
  const { lost, seals } = await shutDown({ SEAL: 'filter' });
  t.strictSame(seals, ['filter']);
  t.equal(lost, 0);
});

t.test('backlog loses at most one in a shutdown on loopback', { skip: !linux }, async (t) => {
  const { lost, seals } = await shutDown({ SEAL: 'backlog' });
  t.strictSame(seals, ['backlog']);
  t.ok(lost <= ROUNDS, `${lost} lost`);
});

t.test('none loses no more than the clients that were in the queue', async (t) => {
  const { lost, seals } = await shutDown({ SEAL: 'none' });
  t.strictSame(seals, ['none']);
  t.ok(lost <= CLIENTS * ROUNDS, `${lost} lost`);
});

t.test('without the addon auto falls to backlog and says why', { skip: !linux }, async (t) => {
  const { lost, seals, notes } = await shutDown({ GRACEFUL_CLUSTER_NATIVE: 'off' });
  t.strictSame(seals, ['backlog']);
  t.ok(lost <= ROUNDS, `${lost} lost`);
  t.match(notes, [/^detach: .+/, /^filter: .+/]);
});

/** What turns the permission model on, on this line of Node, with leave to do all but load addons. */
const permission = ['--permission', '--experimental-permission']
  .filter((flag) => process.allowedNodeEnvironmentFlags.has(flag))
  .slice(0, 1);
const network = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : [];
t.test('under the permission model too', { skip: !linux }, async (t) => {
  t.equal(permission.length, 1);
  const { lost, seals, notes } = await shutDown({}, [...permission, '--allow-fs-read=*', ...network]);
  t.strictSame(seals, ['backlog']);
  t.ok(lost <= ROUNDS, `${lost} lost`);
  t.match(notes, [/ERR_DLOPEN_DISABLED/, /ERR_DLOPEN_DISABLED/]);
});
