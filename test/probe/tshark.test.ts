// Another witness: what tshark counts on the wire is what the probe counts.
//   RUNS=20 node scripts/run-tests.js build/test/probe/tshark.test.js
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { runRound } from '@graceful-cluster/probe';
import { node } from '../helpers/probe.ts';

const runs = Number(process.env['RUNS'] ?? 3);
const load = { newConnection: 64, keepAlive: 0, slow: 4 };
const plain = fileURLToPath(new URL('../../examples/plain-server.js', import.meta.url));

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** What became of the connections to a port, by their packets. */
interface Wire {
  /** SYN answered by RST. */
  refused: number;
  /** Handshake complete, then RST from the server, and not a byte of data from it. */
  reset: number;
  /** Bytes from the server. */
  answered: number;
  /** Handshake complete, then neither. */
  others: number;
}

interface Capture {
  end(port: number): Promise<Wire>;
}

async function startCapture(t: Test): Promise<Capture> {
  const folder = await mkdtemp(join(tmpdir(), 'probe-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const file = join(folder, 'lo.pcapng');
  // Heads only, and room for all of them.
  const args = ['-i', 'lo', '-f', 'tcp', '-s', '96', '-B', '64', '-q', '-w', file];
  const child = spawn('tshark', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const output = createInterface(child.stderr).on('line', (line) => lines.push(line));
  while (!lines.some((line) => line.startsWith('Capturing on'))) await once(output, 'line');
  // It says so a little too early.
  await sleep(1_000);
  return {
    async end(port) {
      await sleep(500);
      child.kill('SIGINT');
      await exited;
      t.notMatch(lines.join('\n'), /[1-9]\d* packets? dropped/, 'tshark saw everything');
      return read(file, port);
    },
  };
}

async function read(file: string, port: number): Promise<Wire> {
  const fields = ['tcp.stream', 'tcp.srcport', 'tcp.flags', 'tcp.len'].flatMap((name) => ['-e', name]);
  const args = ['-r', file, '-Y', `tcp.port == ${port}`, '-T', 'fields', ...fields];
  const { stdout } = await promisify(execFile)('tshark', args, { maxBuffer: 1 << 28 });
  const streams = new Map<string, { accepted: boolean; completed: boolean; reset: boolean; bytes: number }>();
  for (const line of stdout.trim().split('\n')) {
    const [name = '', source, flagsText, length] = line.split('\t');
    const flags = Number(flagsText);
    const stream = streams.get(name) ?? { accepted: false, completed: false, reset: false, bytes: 0 };
    streams.set(name, stream);
    if (Number(source) === port) {
      if (flags & SYN && flags & ACK) stream.accepted = true;
      if (flags & RST) stream.reset = true;
      stream.bytes += Number(length);
    } else if (flags & ACK && !(flags & (SYN | RST | FIN)) && stream.accepted) {
      stream.completed = true;
    }
  }
  const wire: Wire = { refused: 0, reset: 0, answered: 0, others: 0 };
  for (const { accepted, completed, reset, bytes } of streams.values()) {
    if (bytes > 0) wire.answered += 1;
    else if (!accepted && reset) wire.refused += 1;
    else if (completed && reset) wire.reset += 1;
    else wire.others += 1;
  }
  return wire;
}

const skip = spawnSync('tshark', ['--version']).error ? 'tshark is not installed' : false;

t.test('the wire and the probe agree', { skip }, async (t) => {
  let resets = 0;
  for (let seed = 1; seed <= runs; seed += 1) {
    const capture = await startCapture(t);
    const round = await runRound({ command: [...node, plain], load: { ...load, seed } });
    const [, port] = /:(\d+)/.exec(round.stdout) ?? [];
    const wire = await capture.end(Number(port));
    const { counts } = round;
    resets += wire.reset;
    const probe = {
      refused: counts.refused,
      reset: counts.reset + counts['reset-before-accept'],
      answered: counts.answered + counts.cut,
      others: counts.empty + counts.hung,
    };
    t.strictSame(
      probe,
      { ...wire },
      `${wire.reset} resets, ${wire.refused} refused, ${wire.answered} answered`,
    );
  }
  t.ok(resets > 0, `${resets} resets in ${runs} runs`);
});
