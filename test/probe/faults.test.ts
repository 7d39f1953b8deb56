// Servers that lose nothing except that they commit one fault once: the probe reports exactly that.
import t from 'tap';
import { countLost, type Counts, type Round } from '@graceful-cluster/probe';
import { fixture, runProbe } from '../helpers/probe.ts';

interface Result {
  readonly name: string;
  readonly status: string;
  readonly reasons: readonly string[];
  readonly rounds: readonly Round[];
}

interface Case {
  readonly kind: 'http' | 'https' | 'h2c';
  readonly scenario: string;
  readonly fault: string;
  /** What it does to the counts. */
  readonly lost: Partial<Counts>;
  readonly reason?: string;
  readonly options?: readonly string[];
}

const cases: readonly Case[] = [
  { kind: 'http', scenario: 'new-connection', fault: 'reset', lost: { reset: 1 } },
  { kind: 'http', scenario: 'new-connection', fault: 'empty', lost: { empty: 1 } },
  { kind: 'http', scenario: 'new-connection', fault: 'cut', lost: { cut: 1 } },
  { kind: 'http', scenario: 'new-connection', fault: '503', lost: { unavailable: 1 } },
  {
    kind: 'http',
    scenario: 'new-connection',
    fault: 'hang',
    lost: { hung: 1 },
    options: ['--hung-after', '1500'],
  },
  { kind: 'http', scenario: 'keep-alive', fault: 'reset', lost: { reset: 1 } },
  { kind: 'http', scenario: 'pipelined', fault: '503', lost: { unavailable: 1 } },
  { kind: 'http', scenario: 'slow-request', fault: 'cut', lost: { cut: 1 } },
  { kind: 'http', scenario: 'slow-upload', fault: 'empty', lost: { empty: 1 } },
  { kind: 'http', scenario: 'half-head', fault: 'end-half', lost: { empty: 1 } },
  { kind: 'http', scenario: 'silent', fault: 'reset-silent', lost: { reset: 1 } },
  { kind: 'http', scenario: 'sse', fault: 'torn-stream', lost: { cut: 1 } },
  { kind: 'http', scenario: 'websocket', fault: 'no-close-frame', lost: { cut: 1 } },
  { kind: 'https', scenario: 'tls', fault: 'reset', lost: { reset: 1 } },
  { kind: 'https', scenario: 'keep-alive', fault: 'cut', lost: { cut: 1 } },
  { kind: 'h2c', scenario: 'http2', fault: '503', lost: { unavailable: 1 } },
  { kind: 'h2c', scenario: 'http2', fault: 'stream-reset', lost: { reset: 1 } },
  {
    kind: 'http',
    scenario: 'new-connection',
    fault: 'accept-again',
    lost: {},
    reason: 'accepted 1 connections after it had refused one',
    options: ['--clients', '1'],
  },
  {
    kind: 'http',
    scenario: 'keep-alive',
    fault: 'stay',
    lost: {},
    reason: 'did not end: it was still there',
    options: ['--exit-timeout', '2000'],
  },
];

// A few at a time: most of it is waiting.
t.jobs = 3;

for (const { kind, scenario, fault, lost, reason, options = [] } of cases) {
  t.test(`${kind}, ${scenario}: ${fault}`, async (t) => {
    const command = fixture('probe/server', kind, fault);
    const args = [
      '--after',
      '400',
      '--reporter',
      'json',
      '--scenario',
      scenario,
      '--clients',
      '16',
      ...options,
      '--',
      ...command,
    ];
    const { code, stdout } = await runProbe(args);
    const { scenarios, verdict } = JSON.parse(stdout) as { scenarios: Result[]; verdict: string };
    const [result] = scenarios;
    const round = result?.rounds[0] as Round;
    const { answered, refused, ...others } = round.counts;
    const none = { 'reset-before-accept': 0, reset: 0, empty: 0, cut: 0, unavailable: 0, hung: 0 };
    t.strictSame(others, { ...none, ...lost }, `this and nothing else: ${JSON.stringify(round.lost)}`);
    t.equal(round.lost.length, countLost(round.counts));
    t.ok(
      round.lost.every(({ ended }) => ended > 0),
      'after the signal',
    );
    t.ok(answered > 0 && refused > 0, `${answered} answered, ${refused} refused`);
    t.strictSame(
      [code, verdict, result?.status, result?.reasons.length],
      [1, 'failed', 'failed', 1],
      String(result?.reasons.join()),
    );
    if (reason !== undefined) t.match(result?.reasons[0], reason);
  });
}

t.test('none', async (t) => {
  const { code, stdout } = await runProbe(['--reporter', 'json', '--', ...fixture('probe/server', 'http')]);
  const { scenarios } = JSON.parse(stdout) as { scenarios: Result[] };
  const passed = scenarios.filter(({ status }) => status === 'passed');
  t.strictSame(
    scenarios.filter(({ status }) => status !== 'passed' && status !== 'not-applicable'),
    [],
  );
  t.ok(passed.length >= 9, passed.map(({ name }) => name).join());
  t.equal(code, 0);
});
