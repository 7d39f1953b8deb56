import t from 'tap';
import {
  createCoordinator,
  type CoordinatorOptions,
  type Hook,
  type ShutdownCoordinator,
} from '@graceful-cluster/core';
import type { Owner } from '../helpers/child.ts';

process.on('warning', () => {});

function create(t: Owner, options: CoordinatorOptions = {}): ShutdownCoordinator {
  const coordinator = createCoordinator({ signals: [], ...options });
  t.teardown(() => coordinator.dispose());
  return coordinator;
}

const nothing: Hook = () => {};
const hang: Hook = () => new Promise(() => {});

/** Adds hooks that are written `name` or `name after other,other`; returns the order in which they run. */
async function order(t: Owner, ...hooks: string[]): Promise<readonly string[]> {
  const coordinator = create(t);
  const ran: string[] = [];
  for (const hook of hooks) {
    const [name = '', others] = hook.split(' after ');
    const add = (): void => void ran.push(name);
    if (others === undefined) coordinator.onShutdown(name, add);
    else coordinator.onShutdown(name, add, { after: others.split(',') });
  }
  const { hooks: reports } = await coordinator.shutdown();
  if (reports.map(({ name }) => name).join() !== ran.join()) throw new Error('the report has another order');
  return ran;
}

t.test('hooks run last added first, unless `after` says otherwise', async (t) => {
  t.strictSame(await order(t), []);
  t.strictSame(await order(t, 'a', 'b', 'c'), ['c', 'b', 'a']);
  t.strictSame(await order(t, 'a', 'b after a', 'c'), ['c', 'a', 'b']);
  t.strictSame(await order(t, 'a', 'b', 'c after a'), ['a', 'c', 'b']);
  t.strictSame(await order(t, 'a after b', 'b', 'c'), ['c', 'b', 'a'], 'added later');
  t.strictSame(await order(t, 'a', 'b after a', 'c after b', 'd after a,c'), ['a', 'b', 'c', 'd']);
  t.strictSame(
    await order(t, 'a', 'b after a', 'c after a', 'd after b,c'),
    ['a', 'b', 'c', 'd'],
    'a diamond',
  );
});

t.test('each gets the reason, one after the other', async (t) => {
  const coordinator = create(t);
  const told: string[] = [];
  for (const name of ['a', 'b']) {
    coordinator.onShutdown(name, async (reason) => {
      told.push(`${name} begins: ${reason}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      told.push(`${name} ends`);
    });
    coordinator.beforeShutdown(name, (reason) => told.push(`before ${name}: ${reason} ${coordinator.state}`));
  }
  const { hooks } = await coordinator.shutdown('a test');
  t.strictSame(told, [
    'before b: a test delaying',
    'before a: a test delaying',
    'b begins: a test',
    'b ends',
    'a begins: a test',
    'a ends',
  ]);
  t.match(
    hooks,
    ['b', 'a', 'b', 'a'].map((name) => ({ name, outcome: 'done' })),
  );
  t.ok(hooks.every(({ duration }) => duration >= 0));
  t.ok((hooks[2]?.duration ?? 0) >= 15, 'and how long it took');
  t.notOk(hooks.some((hook) => 'error' in hook));
});

t.test('whatever a hook throws is in the report', async (t) => {
  const coordinator = create(t);
  const fail = (name: string, value: unknown): void => {
    coordinator.onShutdown(name, () => {
      throw value;
    });
  };
  fail('nothing', undefined);
  fail('text', 'not an error');
  fail('bare', Object.create(null));
  fail('error', new RangeError('too far'));
  coordinator.onShutdown('rejects', () => Promise.reject(new Error('later')));
  const report = await coordinator.shutdown();
  t.match(report, { clean: false, exitCode: 1 });
  t.match(report.hooks, [
    { name: 'rejects', outcome: 'failed', error: /^Error: later\n {4}at / },
    { name: 'error', outcome: 'failed', error: /^RangeError: too far\n {4}at / },
    { name: 'bare', outcome: 'failed', error: /null prototype/ },
    { name: 'text', outcome: 'failed', error: 'not an error' },
    { name: 'nothing', outcome: 'failed', error: 'undefined' },
  ]);
  t.strictSame(JSON.parse(JSON.stringify(report)), report, 'it is plain data');
});

t.test('a hook that hangs has its share of the time left', async (t) => {
  const coordinator = create(t, { timeout: 1_000, cleanupTimeout: 900 });
  coordinator.onShutdown('fast', nothing);
  coordinator.onShutdown('second', hang);
  coordinator.onShutdown('first', hang);
  const { hooks, clean, duration } = await coordinator.shutdown();
  t.equal(clean, false);
  t.match(hooks, [
    { name: 'first', outcome: 'timed out' },
    { name: 'second', outcome: 'timed out' },
    { name: 'fast', outcome: 'done' },
  ]);
  t.ok(
    hooks.every(({ duration }) => duration < 700),
    'no hook takes it all',
  );
  t.ok(duration < 3_000);
});

t.test('a hook that fails after its time was up bothers nobody', async (t) => {
  const coordinator = create(t);
  let settled = false;
  const late = async (): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 150));
    settled = true;
    throw new Error('too late');
  };
  coordinator.onShutdown('late', late, { timeout: 30 });
  const { hooks } = await coordinator.shutdown();
  t.match(hooks, [{ outcome: 'timed out' }]);
  while (!settled) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise(setImmediate);
});

t.test('a hook can be taken off', async (t) => {
  const coordinator = create(t);
  const ran: string[] = [];
  const off = ['a', 'b', 'c'].map((name) => coordinator.onShutdown(name, () => ran.push(name)));
  off[1]?.();
  off[1]?.();
  coordinator.onShutdown('b', () => ran.push('another b'));
  off[1]?.();
  coordinator.onShutdown('d', () => off[0]?.());
  await coordinator.shutdown();
  t.strictSame(ran, ['another b', 'c'], 'by another hook, too');
});

t.test('what is wrong with a hook is told when it is added', async (t) => {
  const coordinator = create(t);
  const cases: readonly (readonly [unknown[], string])[] = [
    [[undefined, nothing], 'expected `name` to be a non-empty string, got undefined'],
    [['', nothing], "expected `name` to be a non-empty string, got '' (string)"],
    [['a'], 'expected `hook` to be a function, got undefined'],
    [['a', new Map()], 'expected `hook` to be a function, got Map(0) {} (object)'],
    [['a', nothing, { after: 'b' }], "expected `after` to be an array of hook names, got 'b' (string)"],
    [['a', nothing, { after: [1] }], 'expected `after` to be an array of hook names, got [ 1 ] (object)'],
    [['a', nothing, { timeout: 0 }], 'expected `timeout` to be a number > 0, got 0 (number)'],
    [['a', nothing, { timeout: Number.NaN }], 'expected `timeout` to be a number > 0, got NaN (number)'],
    [['a', nothing, { timeout: '5' }], "expected `timeout` to be a number > 0, got '5' (string)"],
    [['a', nothing, 500], 'expected `options` to be an object, got 500 (number)'],
    [['a', nothing, null], 'expected `options` to be an object, got null'],
    [['a', nothing, { timout: 5 }], 'unknown option `timout`: did you mean `timeout`?'],
  ];
  for (const [args, text] of cases) {
    const message = `${text} (https://github.com/graceful-cluster/graceful-cluster/blob/main/docs/errors.md#err_graceful_invalid_argument)`;
    for (const add of [coordinator.onShutdown, coordinator.beforeShutdown]) {
      const wrong = (): unknown => add(...(args as Parameters<typeof add>));
      t.throws(wrong, { name: 'GracefulTypeError', code: 'ERR_GRACEFUL_INVALID_ARGUMENT', message }, message);
    }
  }
  t.match(await coordinator.shutdown(), { hooks: [], clean: true }, 'none was added');
});

t.test('a name is used once, and hooks cannot wait for each other', async (t) => {
  const coordinator = create(t);
  coordinator.onShutdown('a', nothing, { after: ['c'] });
  t.throws(() => coordinator.onShutdown('a', nothing), { code: 'ERR_GRACEFUL_HOOK_EXISTS', message: /'a'/ });
  t.doesNotThrow(() => coordinator.beforeShutdown('a', nothing), 'the two kinds have names of their own');
  coordinator.onShutdown('b', nothing, { after: ['a'] });
  t.throws(() => coordinator.onShutdown('c', nothing, { after: ['b'] }), {
    code: 'ERR_GRACEFUL_HOOK_CYCLE',
    message: /c -> b -> a -> c|b -> a -> c -> b|a -> c -> b -> a/,
  });
  t.throws(() => coordinator.onShutdown('d', nothing, { after: ['d'] }), {
    code: 'ERR_GRACEFUL_HOOK_CYCLE',
    message: /d -> d/,
  });
  coordinator.onShutdown('c', nothing);
  t.strictSame(
    (await coordinator.shutdown()).hooks.map(({ name }) => name),
    ['a', 'c', 'a', 'b'],
  );
});

t.test('`after` may name a hook that is not there, and is told of it', async (t) => {
  const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
  t.strictSame(await order(t, 'a after nobody', 'b'), ['b', 'a']);
  t.match(await warned, { name: 'GracefulWarning', code: 'WARN_GRACEFUL_UNKNOWN_HOOK', message: /nobody/ });
});

t.test('a hook can be added until hooks run', async (t) => {
  const coordinator = create(t);
  const late = { code: 'ERR_GRACEFUL_TOO_LATE' };
  const ran: string[] = [];
  coordinator.beforeShutdown('adds', () => {
    t.throws(() => coordinator.beforeShutdown('more', nothing), late);
    coordinator.onShutdown('added', () => {
      ran.push('added');
      t.throws(() => coordinator.onShutdown('more', nothing), late);
    });
  });
  await coordinator.shutdown();
  t.strictSame(ran, ['added']);
  t.throws(() => coordinator.onShutdown('more', nothing), late);
});
