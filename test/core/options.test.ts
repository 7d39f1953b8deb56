import t from 'tap';
import {
  createCoordinator,
  GracefulTypeError,
  type CoordinatorOptions,
  type Logger,
} from '@graceful-cluster/core';

const circular: Record<string, unknown> = {};
circular['self'] = circular;
const ignore = (): void => {};
const logger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const delays = ['cleanupTimeout', 'keepAliveGrace', 'handshakeTimeout', 'secondSignalDelay'] as const;
const names = (
  'signals timeout cleanupTimeout shutdownDelay keepAliveGrace handshakeTimeout ' +
  'secondSignalDelay seal handleFatalErrors development logger exit'
).split(' ');

type Case = readonly [value: unknown, rule: string, got: string];

const numbers = (rule: string): readonly Case[] => [
  ['9000', rule, "'9000' (string)"],
  ['', rule, "'' (string)"],
  [Number.NaN, rule, 'NaN (number)'],
  [Infinity, rule, 'Infinity (number)'],
  [-Infinity, rule, '-Infinity (number)'],
  [-1, rule, '-1 (number)'],
  [5n, rule, '5n (bigint)'],
  [true, rule, 'true (boolean)'],
  [null, rule, 'null'],
  [ignore, rule, '[Function: ignore] (function)'],
  [Symbol('s'), rule, 'Symbol(s) (symbol)'],
  [2 ** 31, 'at most 2147483647', '2147483648 (number)'],
];
const objects = (rule: string): readonly Case[] => [
  [{}, rule, '{} (object)'],
  [[1], rule, '[ 1 ] (object)'],
  [circular, rule, '<ref *1> { self: [Circular *1] } (object)'],
  [{ big: 1n }, rule, '{ big: 1n } (object)'],
];
const seals = 'one of auto, detach, filter, backlog, unlink, shutdown, none';
const methods = 'a boolean or an object with the methods debug, info, warn, error';

const cases: Readonly<Record<string, readonly Case[]>> = {
  timeout: [
    ...numbers('a finite number > 0'),
    ...objects('a finite number > 0'),
    [0, 'a finite number > 0', '0 (number)'],
  ],
  ...Object.fromEntries(
    delays.map((name) => [name, [...numbers('a finite number >= 0'), ...objects('a finite number >= 0')]]),
  ),
  shutdownDelay: numbers('a finite number >= 0'),
  signals: [
    ['SIGTERM', 'an array of signal names', "'SIGTERM' (string)"],
    [null, 'an array of signal names', 'null'],
    ...objects('an array of signal names').filter(([value]) => !Array.isArray(value)),
    [['SIGFOO'], 'signal names such as SIGTERM', "'SIGFOO' (string)"],
    [['sigterm'], 'signal names such as SIGTERM', "'sigterm' (string)"],
    [['toString'], 'signal names such as SIGTERM', "'toString' (string)"],
    [['SIGTERM', 15], 'signal names such as SIGTERM', '15 (number)'],
    [[undefined], 'signal names such as SIGTERM', 'undefined'],
    [['SIGTERM', 'SIGKILL'], 'signals that can be caught', "'SIGKILL' (string)"],
    [['SIGSTOP'], 'signals that can be caught', "'SIGSTOP' (string)"],
  ],
  seal: [
    ['fast', seals, "'fast' (string)"],
    ['Auto', seals, "'Auto' (string)"],
    [null, seals, 'null'],
    ...objects(seals),
  ],
  handleFatalErrors: [
    ['yes', 'a boolean', "'yes' (string)"],
    [1, 'a boolean', '1 (number)'],
    [null, 'a boolean', 'null'],
    ...objects('a boolean'),
  ],
  development: [
    ['yes', 'a boolean', "'yes' (string)"],
    [1, 'a boolean', '1 (number)'],
    [null, 'a boolean', 'null'],
    ...objects('a boolean'),
  ],
  exit: [
    ['no', 'a boolean or a function', "'no' (string)"],
    [0, 'a boolean or a function', '0 (number)'],
    [null, 'a boolean or a function', 'null'],
    ...objects('a boolean or a function'),
  ],
  logger: [
    ['console', methods, "'console' (string)"],
    [null, methods, 'null'],
    [ignore, methods, '[Function: ignore] (function)'],
    [1, methods, '1 (number)'],
    ...objects(methods),
    [{ info: ignore, warn: 'no' }, methods, "{ info: [Function: ignore], warn: 'no' } (object)"],
  ],
};

const handlers = (): readonly number[] =>
  ['SIGTERM', 'SIGINT', 'SIGHUP'].map((name) => process.listenerCount(name));

/** What is wrong with these options, by the message of the error that they make; nothing is left behind. */
function refusal(options: unknown): string {
  const before = handlers();
  try {
    createCoordinator(options as CoordinatorOptions).dispose();
  } catch (error) {
    if (!(error instanceof GracefulTypeError) || error.code !== 'ERR_GRACEFUL_INVALID_OPTION')
      return String(error);
    if (handlers().join() !== before.join()) return 'it left a signal handler behind';
    const link =
      ' (https://github.com/graceful-cluster/graceful-cluster/blob/main/docs/errors.md#err_graceful_invalid_option)';
    return error.message.endsWith(link) ? error.message.slice(0, -link.length) : 'without a link';
  }
  return 'taken';
}

for (const [name, list] of Object.entries(cases)) {
  t.test(`a bad ${name} is refused, by name, rule and value`, async (t) => {
    for (const [value, rule, got] of list) {
      t.equal(refusal({ [name]: value }), `expected \`${name}\` to be ${rule}, got ${got}`);
    }
  });
}

t.test('a bad shutdownDelay object is refused', async (t) => {
  const known = (key: string): string => `expected \`shutdownDelay.${key}\` to be`;
  t.equal(refusal({ shutdownDelay: {} }), `${known('max')} a finite number >= 0, got undefined`);
  t.equal(refusal({ shutdownDelay: [] }), `${known('max')} a finite number >= 0, got undefined`);
  t.equal(refusal({ shutdownDelay: { max: 1 } }), `${known('quiet')} a finite number > 0, got undefined`);
  t.equal(
    refusal({ shutdownDelay: { max: 1, quiet: 0 } }),
    `${known('quiet')} a finite number > 0, got 0 (number)`,
  );
  t.equal(
    refusal({ shutdownDelay: { max: Number.NaN, quiet: 1 } }),
    `${known('max')} a finite number >= 0, got NaN (number)`,
  );
  t.equal(
    refusal({ shutdownDelay: { max: 1, quiet: 1, most: 1 } }),
    'expected `shutdownDelay` to be a number or { min, max, quiet }, got { max: 1, quiet: 1, most: 1 } (object)',
  );
  t.equal(
    refusal({ shutdownDelay: { min: -1, max: 1, quiet: 1 } }),
    `${known('min')} a finite number >= 0, got -1 (number)`,
  );
  t.equal(
    refusal({ shutdownDelay: { min: 2, max: 1, quiet: 1 } }),
    `${known('min')} at most \`shutdownDelay.max\` (1; all times are in milliseconds), got 2 (number)`,
  );
});

t.test('shutdownDelay and cleanupTimeout must fit into timeout', async (t) => {
  const unit = 'all times are in milliseconds';
  const rule = (sum: number): string =>
    `expected \`timeout\` to be greater than shutdownDelay + cleanupTimeout (${sum}; ${unit}), got`;
  const byDefault =
    'expected `shutdownDelay + cleanupTimeout` to be less than `timeout`, which is 9000 by default: ' +
    `set \`timeout\` as well (${unit}), got`;
  t.equal(refusal({ timeout: 2_000, cleanupTimeout: 2_000 }), `${rule(2_000)} 2000 (number)`);
  t.equal(refusal({ timeout: 9_000, shutdownDelay: 7_000 }), `${rule(9_000)} 9000 (number)`);
  t.equal(refusal({ shutdownDelay: 7_000 }), `${byDefault} 9000 (number)`);
  t.equal(refusal({ shutdownDelay: { max: 8_000, quiet: 5 } }), `${byDefault} 10000 (number)`);
  t.equal(refusal({ cleanupTimeout: 9_000 }), `${byDefault} 9000 (number)`);
  t.equal(refusal({ timeout: 2_001, cleanupTimeout: 2_000 }), 'taken');
  t.equal(refusal({ shutdownDelay: 6_999 }), 'taken');
  t.equal(refusal({ timeout: 9 }), `expected \`timeout\` to be at least 100: ${unit}, got 9 (number)`);
});

t.test('the default cleanupTimeout shrinks with a small timeout', async (t) => {
  const core = import.meta.resolve('@graceful-cluster/core/package.json');
  const { resolveOptions } = (await import(new URL('dist/api/options.js', core).href)) as {
    resolveOptions: (options: CoordinatorOptions) => { readonly cleanupTimeout: number };
  };
  for (const [timeout, cleanupTimeout] of [
    [100, 25],
    [1_500, 375],
    [8_000, 2_000],
    [60_000, 2_000],
  ] as const) {
    t.equal(resolveOptions({ timeout }).cleanupTimeout, cleanupTimeout, `timeout ${timeout}`);
  }
  t.equal(resolveOptions({ timeout: 1_500, cleanupTimeout: 1_000 }).cleanupTimeout, 1_000);
});

t.test('an unknown option is refused', async (t) => {
  const strange = JSON.parse('{ "__proto__": 1 }') as object;
  const list = `options are ${names.join(', ')}`;
  for (const [name, meant] of [
    ['timout', 'timeout'],
    ['Timeout', 'timeout'],
    ['timeuot', 'timeout'],
    ['shutdown_delay', 'shutdownDelay'],
    ['cleanupTimeOut', 'cleanupTimeout'],
    ['keepaliveGrace', 'keepAliveGrace'],
    ['signal', 'signals'],
    ['log', 'logger'],
  ] as const) {
    const wanted = name === 'log' ? list : `did you mean \`${meant}\`?`;
    t.equal(refusal({ [name]: 1 }), `unknown option \`${name}\`: ${wanted}`);
  }
  t.equal(refusal({ workers: 2 }), `unknown option \`workers\`: ${list}`);
  t.equal(refusal({ constructor: 1 }), `unknown option \`constructor\`: ${list}`);
  t.equal(refusal({ toString: undefined }), `unknown option \`toString\`: ${list}`);
  t.equal(refusal(strange), `unknown option \`__proto__\`: ${list}`);
  t.equal(refusal(null), 'expected `options` to be an object, got null');
  t.equal(refusal('SIGTERM'), "expected `options` to be an object, got 'SIGTERM' (string)");
  t.equal(refusal(ignore), 'expected `options` to be an object, got [Function: ignore] (function)');
});

t.test('undefined means default', async (t) => {
  const before = handlers();
  const errors = process.listenerCount('uncaughtException');
  const [term = 0, int = 0, hup = 0] = before;
  const nothing = Object.fromEntries(names.map((name) => [name, undefined])) as CoordinatorOptions;
  for (const options of [nothing, {}, undefined]) {
    const coordinator = createCoordinator(options);
    t.strictSame(handlers(), [term + 1, int + 1, hup]);
    t.equal(process.listenerCount('uncaughtException'), errors);
    coordinator.dispose();
    t.strictSame(handlers(), before);
  }
});

t.test('everything else is taken', async (t) => {
  class Pino implements Logger {
    debug(): void {}
    info(): void {}
    warn(): void {}
    error(): void {}
  }
  const good: readonly CoordinatorOptions[] = [
    {
      timeout: 2_147_483_647,
      cleanupTimeout: 0,
      keepAliveGrace: 0,
      handshakeTimeout: 0,
      secondSignalDelay: 0,
    },
    { timeout: 100, cleanupTimeout: 0.25 },
    { timeout: 100 },
    { shutdownDelay: 0 },
    { shutdownDelay: { max: 0, quiet: 1 } },
    { shutdownDelay: { min: undefined, max: 100, quiet: 1 } },
    { shutdownDelay: { min: 0, max: 6_000, quiet: 1 } },
    { signals: [] },
    { exit: false },
    { exit: ignore },
    { logger },
    { logger: new Pino() },
    { logger: console },
    { development: true },
    { development: false },
    { logger: true },
    { logger: false },
    ...(['auto', 'detach', 'filter', 'backlog', 'unlink', 'shutdown', 'none'] as const).map((seal) => ({
      seal,
    })),
  ];
  for (const options of good) t.equal(refusal(options), 'taken');
});

t.test('options are read once', async (t) => {
  const before = handlers();
  const [term = 0, int = 0, hup = 0] = before;
  const signals: NodeJS.Signals[] = ['SIGHUP', 'SIGHUP'];
  const coordinator = createCoordinator({ signals });
  signals.push('SIGTERM');
  t.strictSame(handlers(), [term, int, hup + 1], 'a signal that is named twice has one handler');
  signals.length = 0;
  coordinator.dispose();
  t.strictSame(handlers(), before);
});

t.test('the compiler refuses them too', async () => {
  void ((): void => {
    // @ts-expect-error -- a time is a number
    createCoordinator({ timeout: '9000' });
    // @ts-expect-error -- an unknown option
    createCoordinator({ timout: 9_000 });
    // @ts-expect-error -- a signal that does not exist
    createCoordinator({ signals: ['SIGFOO'] });
    // @ts-expect-error -- both or neither
    createCoordinator({ shutdownDelay: { max: 1_000 } });
    // @ts-expect-error -- an unknown method
    createCoordinator({ seal: 'fast' });
    // @ts-expect-error -- a logger has four levels
    createCoordinator({ logger: { info: ignore } });
    // @ts-expect-error -- a boolean or a function
    createCoordinator({ exit: 0 });
    // @ts-expect-error -- a boolean
    createCoordinator({ handleFatalErrors: 'yes' });
    // @ts-expect-error -- undefined is a default, null is not
    createCoordinator({ timeout: null });
    // @ts-expect-error -- a server, not a port
    createCoordinator().attach(3000);
    // @ts-expect-error -- events have names
    createCoordinator().on('close', ignore);
    // @ts-expect-error -- the state is not for setting
    createCoordinator().state = 'stopped';
    createCoordinator().on('progress', ({ waiting }) => waiting.join());
    createCoordinator({
      timeout: undefined,
      signals: ['SIGTERM'] as const,
      exit: (code, { clean }) => [code, clean],
    });
  });
});
