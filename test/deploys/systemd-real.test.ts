// The unit files of examples/systemd under a real systemd: a cluster that is given its socket is restarted under load,
// and two units are restarted one after the other.
import { Agent } from 'node:http';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { freePort } from '../helpers/free-port.ts';
import { ask } from '../helpers/child.ts';
import { short } from './settings.ts';
import { startSystemd, systemdUnavailable } from './systemd.ts';
import { table, tell } from './table.ts';

const example = (name: string): string =>
  readFileSync(new URL(`../../../examples/systemd/${name}`, import.meta.url), 'utf8');

const RESTART_EVERY_MS = 2_100;
const restarts = short ? 6 : 20;
const rounds = short ? 3 : 10;
const RELOADS = 4;
const HUNG_MS = 20_000;

interface Seen {
  answered: number;
  refused: number;
  /** Reset, cut, hung, or answered wrongly: by what was seen. */
  readonly lost: Record<string, number>;
}

/** How a GET ends: `answered`, or what was seen instead. Clients never try again. */
async function attempt(port: number, path: string, agent?: Agent): Promise<string> {
  const answer = await Promise.race([ask(port, path, agent), sleep(HUNG_MS, 'hung', { ref: false })]);
  if (typeof answer === 'string') return answer;
  return answer.status === 200 && answer.body === (path === '/' ? 'hello\n' : 'slow\n')
    ? 'answered'
    : 'wrong';
}

/** Clients with a connection for each request, some that keep theirs, and some whose requests are slow. */
function startClients(t: Test, port: number): { readonly stop: () => Promise<Seen> } {
  const seen: Seen = { answered: 0, refused: 0, lost: {} };
  let stopped = false;
  const kinds = [
    ...Array<string>(12).fill('new'),
    ...Array<string>(8).fill('kept'),
    ...Array<string>(8).fill('slow'),
  ];
  const clients = kinds.map(async (kind) => {
    const agent = kind === 'new' ? undefined : new Agent({ keepAlive: true, maxSockets: 1 });
    while (!stopped) {
      const how = await attempt(port, kind === 'slow' ? '/slow' : '/', agent);
      if (how === 'answered') seen.answered += 1;
      else if (how === 'ECONNREFUSED') seen.refused += 1;
      else seen.lost[how] = (seen.lost[how] ?? 0) + 1;
      await sleep(5);
    }
    agent?.destroy();
  });
  const stop = async (): Promise<Seen> => {
    stopped = true;
    await Promise.all(clients);
    return seen;
  };
  // A test that fails in between ends as well: clients that went on would keep its process.
  t.teardown(stop);
  return { stop };
}

/** By default more than five starts in ten seconds fail a unit and its socket: how fast the machine is would decide. */
const output = '[Unit]\nStartLimitIntervalSec=0\n[Service]\nStandardOutput=LOG\nStandardError=LOG\n';

/** Large programs take their time to start. */
const slowStart = 'data:text/javascript,await%%20new%%20Promise(r=>setTimeout(r,700))';

interface Rolled {
  readonly answered: number;
  /** Attempts of which both units were refused. */
  readonly bothDown: number;
  readonly lost: readonly string[];
}

/** Restarts two units one after the other, under load of clients that go to the second one when the first refuses. */
async function rollTwoUnits(t: Test, type: string): Promise<Rolled> {
  const [first, second] = [await freePort(), await freePort()];
  const settings = (port: number): string =>
    `${output}Type=${type}\nEnvironment=PORT=${port}\nEnvironment=NODE_OPTIONS=--import=${slowStart}\n`;
  const { systemctl } = await startSystemd(t, {
    'web-a.service': example('web.service'),
    'web-a.service.d/test.conf': settings(first),
    'web-b.service': example('web.service'),
    'web-b.service.d/test.conf': settings(second),
  });
  await systemctl('start', 'web-a', 'web-b');
  for (const port of [first, second]) while ((await attempt(port, '/')) !== 'answered') await sleep(50);

  let stopped = false;
  t.teardown(() => {
    stopped = true;
  });
  let answered = 0;
  let bothDown = 0;
  const lost: string[] = [];
  const clients = Array.from({ length: 8 }, async () => {
    while (!stopped) {
      let how = await attempt(first, '/');
      if (how === 'ECONNREFUSED') how = await attempt(second, '/');
      if (how === 'answered') answered += 1;
      else if (how === 'ECONNREFUSED') bothDown += 1;
      else lost.push(how);
      await sleep(5);
    }
  });
  for (let round = 0; round < rounds; round += 1) {
    const next = sleep(RESTART_EVERY_MS);
    await systemctl('restart', 'web-a');
    await systemctl('restart', 'web-b');
    await next;
  }
  stopped = true;
  await Promise.all(clients);
  return { answered, bothDown, lost };
}

/**
 * What docs/systemd.md says of settings: a slow request that is in flight when the unit is stopped. A watchdog gives a
 * service of any type a notify socket, and with it more time.
 */
const settings: readonly (readonly [how: string, lines: readonly string[], outcome: RegExp])[] = [
  ['a shell in between', ['Type=exec', shell()], /^answered$/],
  ['KillMode=mixed', ['Type=notify', 'KillMode=mixed'], /^answered$/],
  [
    'KillMode=mixed, a shell in between',
    ['Type=exec', 'KillMode=mixed', shell()],
    /^ECONNRESET$|^socket hang up$/,
  ],
  [
    'TimeoutStopSec=1, Type=exec',
    ['Type=exec', 'WatchdogSec=0', 'TimeoutStopSec=1'],
    /^ECONNRESET$|^socket hang up$/,
  ],
  ['TimeoutStopSec=1, Type=notify', ['Type=notify', 'TimeoutStopSec=1'], /^answered$/],
];

/** With a second command the shell stays. */
function shell(): string {
  return "ExecStart=\nExecStart=/bin/sh -c '/usr/bin/node /srv/web/server.js; true'";
}

t.test('a real systemd', { skip: systemdUnavailable() }, async (t) => {
  t.test('a cluster that is given its socket', async (t) => {
    const port = await freePort();
    const { systemctl, output: written } = await startSystemd(t, {
      'web.service': example('web.service'),
      'web.socket': example('web.socket'),
      'web.service.d/output.conf': output,
      'web.socket.d/port.conf': `[Socket]\nListenStream=\nListenStream=${port}\n`,
    });
    await systemctl('start', 'web.socket');
    t.equal(await attempt(port, '/'), 'answered', 'the first client starts the service');
    const first = await systemctl('show', '-P', 'MainPID', 'web.service');

    const clients = startClients(t, port);
    for (let time = 0; time < restarts; time += 1) {
      const next = sleep(RESTART_EVERY_MS);
      await systemctl('restart', 'web.service');
      await next;
    }
    const { answered, refused, lost } = await clients.stop();
    t.comment(`${restarts} restarts: ${answered} answered, ${refused} refused, ${tell(lost)} lost`);
    t.equal(refused, 0, 'no client is refused: systemd holds the socket');
    t.same(lost, {}, 'none is lost');
    t.ok(answered > restarts * 10, `${answered} were answered`);
    t.not(await systemctl('show', '-P', 'MainPID', 'web.service'), first);

    const reloading = startClients(t, port);
    for (let time = 0; time < RELOADS; time += 1) await systemctl('reload', 'web.service');
    const reloaded = await reloading.stop();
    t.comment(`${RELOADS} reloads: ${reloaded.answered} answered, ${tell(reloaded.lost)} lost`);
    t.same([reloaded.refused, reloaded.lost], [0, {}], 'nor by a reload');

    await systemctl('stop', 'web.socket', 'web.service');
    t.equal(await systemctl('show', '-P', 'Result', 'web.service'), 'success');
    t.equal(written(), '', 'the service has nothing to say');
  });

  t.test('two units, one after the other', async (t) => {
    const rows = [['unit', 'restarts', 'answered', 'attempts that found both down']];
    for (const type of ['notify', 'simple']) {
      const { answered, bothDown, lost } = await rollTwoUnits(t, type);
      rows.push([`Type=${type}`, ...[rounds * 2, answered, bothDown].map(String)]);
      t.same(lost, [], `Type=${type}: none is lost`);
      t.ok(answered > rounds * 2, `Type=${type}: ${answered} were answered`);
      if (type === 'notify') t.equal(bothDown, 0, 'no attempt finds both down');
    }
    t.comment(`\n${table(rows)}`);
  });

  t.test('settings that cut a stop short', async (t) => {
    const ports = await Promise.all(settings.map(freePort));
    const units = settings.flatMap(([, lines], index) => [
      [`web-${index}.service`, example('web.service')],
      [
        `web-${index}.service.d/test.conf`,
        `${output}Environment=PORT=${ports[index]}\n${lines.join('\n')}\n`,
      ],
    ]);
    const { systemctl } = await startSystemd(t, Object.fromEntries(units) as Record<string, string>);
    for (const [index, [how, , outcome]] of settings.entries()) {
      const port = ports[index] ?? 0;
      await systemctl('start', `web-${index}`);
      while ((await attempt(port, '/')) !== 'answered') await sleep(50);
      const slow = attempt(port, '/slow');
      await sleep(200);
      await systemctl('stop', `web-${index}`);
      t.match(await slow, outcome, how);
    }
  });
});
