// Input from outside in random shapes: IPC messages, options, environment variables. Nothing may be thrown but what is
// documented, and nothing may be taken that has not its shape. The seed is printed; SEED repeats it.
import t from 'tap';
import { createCoordinator, GracefulError, GracefulTypeError } from '@graceful-cluster/core';
import { protocol, readEnvironment } from '../helpers/internals.ts';
import { createRandom } from '../helpers/random.ts';

const ROUNDS = 20_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const random = createRandom(seed);
t.comment(`SEED=${seed}`);

const types = ['hello', 'ready', 'signal', 'handlers', 'progress', 'give', 'cleanup', 'report'];
const orders = ['welcome', 'farewell', 'announce', 'ask-handlers', 'given', 'drain'];
const fields = [
  'ready',
  'listening',
  'signal',
  'count',
  'counts',
  'waiting',
  'id',
  'listener',
  'idle',
  'report',
];
const ordered = ['reason', 'timeout', 'together', 'handBack', 'taken', 'id', 'signal'];

/** A value of any kind, hostile ones among them. */
function anything(depth = 0): unknown {
  const leaves: unknown[] = [
    undefined,
    null,
    true,
    NaN,
    -1,
    2 ** 53,
    Infinity,
    '',
    'SIGTERM',
    '__proto__',
    '\u0000',
    'x'.repeat(10_000),
    Symbol('any'),
    () => {},
    new Map([[1, 2]]),
    Object.create(null),
  ];
  if (depth > 2 || random.chance(0.6)) return random.pick(leaves);
  const list = Array.from({ length: random.between(0, 3) }, () => anything(depth + 1));
  if (random.chance(0.3)) return list;
  return Object.fromEntries(
    list.map((value) => [random.pick([...fields, ...ordered, 'open', 'cut']), value]),
  );
}

function message(type: readonly string[], names: readonly string[]): unknown {
  if (random.chance(0.1)) return anything();
  const extra = random.some(names, 4).map((name) => [name, anything()]);
  const about = { type: random.chance(0.9) ? random.pick(type) : anything(), ...Object.fromEntries(extra) };
  return random.chance(0.5)
    ? { cmd: 'NODE_GRACEFUL_CLUSTER', version: random.pick([2, 99, NaN]), ...about }
    : { 'graceful-cluster': 1, ...about };
}

t.test('IPC messages: dropped, or of their shape; and never an order in the other direction', async (t) => {
  let taken = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const packing of ['internal', 'plain'] as const) {
      const told = protocol.unwrapFromWorker(message([...types, ...orders], fields), packing);
      const heard = protocol.unwrapFromPrimary(message([...types, ...orders], ordered), packing);
      if (told !== undefined && !types.includes(told.type)) t.fail(`a worker said ${told.type}`);
      if (heard !== undefined && !orders.includes(heard.type)) t.fail(`a primary said ${heard.type}`);
      if (heard?.type === 'drain' && !(heard.timeout >= 0)) t.fail(`drain within ${heard.timeout}`);
      taken += Number(told !== undefined) + Number(heard !== undefined);
    }
  }
  t.ok(taken > ROUNDS / 10, `${taken} were taken`);
});

const names = [
  'signals',
  'timeout',
  'cleanupTimeout',
  'shutdownDelay',
  'keepAliveGrace',
  'handshakeTimeout',
  'secondSignalDelay',
  'seal',
  'handleFatalErrors',
  'development',
  'logger',
  'exit',
  'no such option',
];

const isOurs = (error: unknown): boolean =>
  (error instanceof GracefulTypeError || error instanceof GracefulError) &&
  error.code.startsWith('ERR_GRACEFUL_');

t.test('options: a coordinator, or an error with a code', async (t) => {
  let made = 0;
  for (let round = 0; round < ROUNDS / 20; round += 1) {
    const given = Object.fromEntries(random.some(names, 3).map((name) => [name, anything()]));
    try {
      createCoordinator({ signals: [], ...given }).dispose();
      made += 1;
    } catch (error) {
      if (!isOurs(error)) t.fail(`${String(error)} for ${Object.keys(given).join()}`);
    }
  }
  t.ok(made > 0, `${made} were made`);
});

t.test('environment variables: options, or an error with a code', async (t) => {
  const texts = [
    '',
    ' ',
    '1e3',
    '-1',
    'NaN',
    'true',
    '{',
    '{}',
    '{"min":1}',
    '[]',
    'null',
    'SIGTERM,',
    '\u0000',
  ];
  const variables = [
    'TIMEOUT',
    'SHUTDOWN_DELAY',
    'SIGNALS',
    'SEAL',
    'LOG',
    'NATIVE',
    'HANDLE_FATAL_ERRORS',
    'X',
  ];
  for (let round = 0; round < ROUNDS / 20; round += 1) {
    const env = random.some(variables, 3).map((name) => [`GRACEFUL_CLUSTER_${name}`, random.pick(texts)]);
    try {
      createCoordinator({
        signals: [],
        ...readEnvironment(Object.fromEntries(env) as NodeJS.ProcessEnv),
      }).dispose();
    } catch (error) {
      if (!isOurs(error)) t.fail(`${String(error)} for ${JSON.stringify(env)}`);
    }
  }
  t.pass(`${ROUNDS / 20} environments`);
});
