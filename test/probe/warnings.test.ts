// A stop that lost nothing, but took too long or ended with an error, is no plain pass.
import { countLost, emptyCounts, type Round } from '@graceful-cluster/probe';
import t from 'tap';
import { fixture, runProbe } from '../helpers/probe.ts';

interface Report {
  readonly verdict: string;
  readonly scenarios: readonly {
    readonly status: string;
    readonly reasons: readonly string[];
    readonly notes: readonly string[];
    readonly advice: readonly string[];
    readonly rounds: readonly Round[];
  }[];
}

const manifest = import.meta.resolve('@graceful-cluster/probe/package.json');
const internal = (path: string): Promise<unknown> => import(new URL(`dist/${path}`, manifest).href);

t.jobs = 2;

const cases = [
  ['exit-1', /^the process ended: code 1$/],
  ['linger', /^stayed for [34]\.\d+ s after it had refused connections and given all answers that it owed$/],
] as const;

for (const [fault, reason] of cases) {
  t.test(`a server that loses nothing: ${fault}`, async (t) => {
    const args = ['--scenario', 'keep-alive', '--clients', '8', '--after', '300', '--reporter', 'json'];
    const { code, stdout } = await runProbe([...args, '--', ...fixture('probe/server', 'http', fault)]);
    const { verdict, scenarios } = JSON.parse(stdout) as Report;
    const [result] = scenarios;
    t.equal(countLost(result?.rounds[0]?.counts ?? emptyCounts()), 0);
    t.strictSame([code, verdict, result?.status], [0, 'warning', 'warning']);
    t.equal(result?.reasons.length, 1);
    t.match(result?.reasons[0], reason);
    t.match(result?.advice.join(), fault === 'linger' ? 'nothing was left to answer' : /^$/);
  });
}

t.test('each reporter says so', async (t) => {
  const args = ['--scenario', 'keep-alive', '--clients', '8', '--after', '300', '--reporter'];
  const run = async (reporter: string): Promise<string> => {
    const server = fixture('probe/server', 'http', 'exit-1');
    const { stdout, code } = await runProbe([...args, reporter, '--', ...server]);
    t.equal(code, 0, reporter);
    return stdout;
  };
  t.match(await run('terminal'), /! keep-alive\n {2}the process ended: code 1\n[^]*PASSED, with a warning/);
  t.match(await run('github'), '::warning title=graceful-probe, keep-alive::the process ended: code 1');
  t.match(await run('tap'), /^ok 1 - keep-alive\n {2}---\n {2}status: "warning"/m);
  t.match(await run('junit'), '<system-out>the process ended: code 1</system-out>');
});

t.test('what is a warning', async (t) => {
  const { judge, overall } = (await internal('verdict/verdict.js')) as {
    judge: (scenario: object, rounds: object[]) => { status: string; reasons: string[]; notes: string[] };
    overall: (statuses: string[]) => string;
  };
  const counts = { ...emptyCounts(), answered: 10, refused: 2 };
  const served = { ...counts, refused: 0 };
  const kinds = { keepAlive: { counts, longest: 1, inFlightAtSignal: 1 } };
  const clean = { code: 0, signal: null };
  const round = {
    counts,
    kinds,
    signal: 'SIGTERM',
    exit: clean,
    killed: false,
    outlastedLoad: false,
    leftBehind: false,
    lostBeforeSignal: 0,
    refusedBeforeSignal: 0,
    acceptedAfterRefusal: 0,
    clientErrors: {},
    lag: { mean: 0, p99: 1, max: 10 },
    signalToExit: 100,
    signalToRefused: 20,
    lastOwedAnswer: 50,
  };
  const status = (change: object, scenario: object = {}): string =>
    judge({ kind: 'keepAlive', ...scenario }, [{ ...round, ...change }]).status;

  t.equal(status({}), 'passed');
  t.equal(status({ exit: { code: 143, signal: null } }), 'passed', '128 + the number of the signal');
  t.equal(status({ exit: { code: null, signal: 'SIGTERM' } }), 'passed', 'sent to itself when it was done');
  t.equal(status({ exit: { code: null, signal: null } }), 'passed', 'not known: a server that already ran');
  t.equal(status({ exit: { code: null, signal: 'SIGSEGV' } }), 'warning');
  t.equal(status({ exit: { code: 130, signal: null } }), 'warning', 'the number of another signal');

  t.equal(status({ signalToExit: 7_000 }), 'warning');
  t.equal(status({ signalToExit: 7_000, lag: { mean: 1, p99: 2, max: 2_000 } }), 'passed', 'a busy machine');
  t.equal(status({ signalToExit: 7_000, lastOwedAnswer: 6_500 }), 'passed', 'something was owed until then');
  t.equal(status({ signalToExit: 7_000, signalToRefused: 6_500 }), 'passed', 'it was still accepting');
  t.equal(
    status({ signalToExit: 7_000, signalToRefused: null, counts: served }, { handsOver: true }),
    'passed',
  );
  t.equal(status({ signalToExit: 2_100, outlastedLoad: true }), 'warning', 'as long as there was load');
  t.equal(status({ signalToExit: 2_100, outlastedLoad: true }, { patient: true }), 'passed');
  t.equal(status({ signalToExit: 7_000 }, { patient: true }), 'warning');
  t.equal(status({ signalToExit: 7_000, killed: true }), 'failed');

  t.equal(overall(['passed', 'warning', 'not-applicable']), 'warning');
  t.equal(overall(['warning', 'inconclusive']), 'inconclusive');
  t.equal(overall(['warning', 'failed']), 'failed');
  t.equal(overall(['not-applicable']), 'inconclusive');
});
