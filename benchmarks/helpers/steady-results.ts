import { formatNumber, formatTime, median, medianInterval } from './numbers.ts';
import { names, type Name, type Round, type Run, type SteadyOptions } from './steady-runs.ts';
import { printTable } from './table.ts';

const TARGET_RATIO = 0.99;

/** What the rounds of one program came to. */
export function printSteadyState(title: string, rounds: readonly Round[], options: SteadyOptions): void {
  printRounds(title, rounds);
  printRatios(title, rounds);
  const of = (key: keyof Run, ...which: readonly Name[]): number[] =>
    rounds.flatMap((round) => which.map((name) => round[name][key]));
  const plain = of('p99', 'plain', 'control');
  console.log(
    `p99 latency alone: ${formatTime(median(of('p99', 'graceful')))} graceful (median), ` +
      `${formatTime(median(plain))} plain, whose runs lie between ${formatTime(Math.min(...plain))} ` +
      `and ${formatTime(Math.max(...plain))}.`,
  );
  const costs = names.map((name) => `${formatNumber(1e6 / median(of('efficiency', name)), 2)} µs ${name}`);
  console.log(`CPU time per request, medians: ${costs.join(', ')}.`);
  const busy = rounds.map((round) => names.reduce((sum, name) => sum + round[name].share, 0));
  console.log(
    `${options.connections} keep-alive connections each; ${options.seconds} s alone, twice that at once. ` +
      `At once, the servers took ${formatNumber(100 * median(busy))} % of a core (median). ` +
      `Target: a median of at least ${TARGET_RATIO}.`,
  );
}

/** What the graceful server answered for the processor time of a plain one, and how far two plain ones differ. */
export function describeEfficiency(rounds: readonly Round[]): string {
  const of = (name: 'graceful' | 'control'): string =>
    formatNumber(median(ratios(rounds, 'efficiency', name)), 3);
  return `${of('graceful')}; one plain server to the other ${of('control')}`;
}

/** The graceful server to the mean of both plain ones, or one of those to the other. */
function ratios(rounds: readonly Round[], key: keyof Run, name: 'graceful' | 'control'): number[] {
  return rounds.map(({ plain, control, graceful }) =>
    name === 'control' ? control[key] / plain[key] : (2 * graceful[key]) / (plain[key] + control[key]),
  );
}

function printRounds(title: string, rounds: readonly Round[]): void {
  const rows = rounds.map((round, index) => [
    String(index + 1),
    ...names.map((name) => formatNumber(round[name].alone)),
    ...names.map((name) => formatTime(round[name].p99)),
    ...names.map((name) => formatNumber(round[name].together)),
    ...names.map((name) => formatNumber(1e6 / round[name].efficiency, 2)),
  ]);
  const columns = (unit: string): readonly string[] => names.map((name) => `${name} ${unit}`);
  printTable(
    [title, ...columns('/s'), ...columns('p99'), ...columns('/s at once'), ...columns('µs CPU')],
    rows,
  );
}

function printRatios(title: string, rounds: readonly Round[]): void {
  const row = (what: string, key: keyof Run, name: 'graceful' | 'control'): string[] => {
    const values = ratios(rounds, key, name);
    const { low, high } = medianInterval(values);
    const [middle, ...rest] = [median(values), low, high, Math.min(...values), Math.max(...values)].map(
      (value) => formatNumber(value, 4),
    );
    const [from, to, least, most] = rest;
    return [what, String(rounds.length), String(middle), `${from} – ${to}`, `${least} – ${most}`];
  };
  const both = (what: string, key: keyof Run): string[][] => [
    row(`${what}, graceful`, key, 'graceful'),
    row(`${what}, one plain to the other: noise`, key, 'control'),
  ];
  printTable(
    [`${title}: ratio to the plain servers`, 'rounds', 'median', '95 % interval', 'lowest – highest'],
    [
      ...both('requests/s, alone', 'alone'),
      ...both('requests/s, at once', 'together'),
      ...both('requests per CPU second, at once', 'efficiency'),
    ],
  );
}
