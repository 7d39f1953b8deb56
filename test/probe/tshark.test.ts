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
  /**
   * The same with a FIN before, as where a server closes a connection whose request is on its way: the client sees an
   * empty reply if it reads first, and a reset if it writes.
   */
  either: number;
  /** Bytes from the server. */
  answered: number;
  /** Handshake complete, then neither. */
  others: number;
}

interface Stream {
  accepted: boolean;
  completed: boolean;
  ended: boolean;
  reset: boolean;
  bytes: number;
}

interface Capture {
  /** What was seen, by the port of the server. */
  end(ports: readonly number[]): Promise<Wire[]>;
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
  // tshark says a little too early that it captures.
  await sleep(1_000);
  return {
    async end(ports) {
      await sleep(500);
      child.kill('SIGINT');
      await exited;
      t.notMatch(lines.join('\n'), /[1-9]\d* packets? dropped/, 'tshark saw everything');
      return read(file, ports);
    },
  };
}

async function read(file: string, ports: readonly number[]): Promise<Wire[]> {
  const names = ['tcp.stream', 'tcp.srcport', 'tcp.dstport', 'tcp.flags', 'tcp.len'];
  const args = ['-r', file, '-T', 'fields', ...names.flatMap((name) => ['-e', name])];
  const { stdout } = await promisify(execFile)('tshark', args, { maxBuffer: 1 << 29 });
  const streams = new Map<number, Map<string, Stream>>(
    ports.map((port) => [port, new Map<string, Stream>()]),
  );
  for (const line of stdout.split('\n')) {
    const [name = '', source, destination, flags, length] = line.split('\t');
    const fromServer = streams.get(Number(source));
    const ofPort = fromServer ?? streams.get(Number(destination));
    if (!ofPort) continue;
    const stream = ofPort.get(name) ?? {
      accepted: false,
      completed: false,
      ended: false,
      reset: false,
      bytes: 0,
    };
    ofPort.set(name, stream);
    take(stream, fromServer !== undefined, Number(flags), Number(length));
  }
  return ports.map((port) => count([...(streams.get(port)?.values() ?? [])]));
}

function take(stream: Stream, fromServer: boolean, flags: number, bytes: number): void {
  if (fromServer) {
    if (flags & SYN && flags & ACK) stream.accepted = true;
    if (flags & FIN) stream.ended = true;
    if (flags & RST) stream.reset = true;
    stream.bytes += bytes;
  } else if (flags & ACK && !(flags & (SYN | RST | FIN)) && stream.accepted) {
    stream.completed = true;
  }
}

function count(streams: readonly Stream[]): Wire {
  const wire: Wire = { refused: 0, reset: 0, either: 0, answered: 0, others: 0 };
  for (const { accepted, completed, ended, reset, bytes } of streams) {
    if (bytes > 0) wire.answered += 1;
    else if (!accepted && reset) wire.refused += 1;
    else if (completed && reset) wire[ended ? 'either' : 'reset'] += 1;
    else wire.others += 1;
  }
  return wire;
}

const skip = spawnSync('tshark', ['--version']).error ? 'tshark is not installed' : false;

t.test('the wire and the probe agree', { skip }, async (t) => {
  const capture = await startCapture(t);
  const ports: number[] = [];
  const counted: Omit<Wire, 'either'>[] = [];
  for (let seed = 1; seed <= runs; seed += 1) {
    const { counts, stdout } = await runRound({
      address: 'printed',
      command: [...node, plain],
      load: { ...load, seed },
    });
    ports.push(Number(/:(\d+)/.exec(stdout)?.[1]));
    counted.push({
      refused: counts.refused,
      reset: counts.reset + counts['reset-before-accept'],
      answered: counts.answered + counts.cut,
      others: counts.empty + counts.hung,
    });
  }
  const seen = await capture.end(ports);
  seen.forEach(({ either, ...wire }, index) => {
    const { reset, refused, answered } = wire;
    // How many of those the probe has read first is what it says itself, between none and all.
    const read = Math.min(either, (counted[index]?.others ?? 0) - wire.others);
    const expected = { ...wire, reset: reset + either - read, others: wire.others + read };
    t.ok(read >= 0);
    t.strictSame(counted[index], expected, `${reset} resets, ${refused} refused, ${answered} answered`);
  });
  t.equal(new Set(ports).size, runs);
  t.ok(
    seen.reduce((sum, { reset, either }) => sum + reset + either, 0) > 0,
    `resets: ${seen.map(({ reset }) => reset).join()}`,
  );
});
