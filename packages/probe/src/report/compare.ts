import { readFileSync } from 'node:fs';
import pc from 'picocolors';
import { ProbeError } from '../errors.ts';
import { formatCount, formatTime, median } from '../measure/numbers.ts';
import { countAttempts, countLost, sumCounts } from '../measure/outcome.ts';
import type { ScenarioResult } from '../run/probe.ts';
import type { Report } from './report.ts';
import { alignCells, type Cell } from './table.ts';
import { statusMarks } from './words.ts';

/** Reads what `--json` wrote. @throws ERR_PROBE_INVALID_OPTION for any other file */
export function readReport(file: string): Report {
  const invalid = (why: string, cause?: unknown): ProbeError =>
    new ProbeError('ERR_PROBE_INVALID_OPTION', `${file} cannot be compared: ${why}`, { cause });
  let report: Partial<Report> | null;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Partial<Report> | null;
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error), error);
  }
  if (report?.format !== 1 || !Array.isArray(report.scenarios)) throw invalid('it is no file of --json');
  return report as Report;
}

/** Two runs side by side. */
export function renderComparison(first: Report, second: Report, colours: boolean): string {
  const paint = pc.createColors(colours);
  const names = [...new Set([...first.scenarios, ...second.scenarios].map(({ name }) => name))];
  const find = ({ scenarios }: Report, name: string): ScenarioResult | undefined =>
    scenarios.find((scenario) => scenario.name === name);
  const lines = names.map((name): Cell[] => {
    const [a, b] = [find(first, name), find(second, name)];
    return [{ text: name }, ...cells(a), { text: '│', colour: 'dim' }, ...cells(b), change(a, b)];
  });
  const dim = (text: string): Cell => ({ text, colour: 'dim' });
  const titles = ['', 'lost', 'of', 'refused', 'exit'].map(dim);
  const header = [dim(''), ...titles, dim('│'), ...titles, dim('')];
  const shift = (report: Report, letter: string): string =>
    `${paint.bold(letter)}  ${report.command.join(' ') || report.url}  ${paint.dim(`${report.startedAt.slice(0, 16).replace('T', ' ')}, ${report.verdict}`)}`;
  return [
    shift(first, 'A'),
    shift(second, 'B'),
    '',
    alignCells([header, ...lines], { colours }),
    '',
    `${total(first, 'A')}; ${total(second, 'B')}.`,
    '',
  ].join('\n');
}

/** Mark, losses, attempts, signal → refused, signal → exit. */
function cells(result: ScenarioResult | undefined): Cell[] {
  if (!result || result.rounds.length === 0) {
    return [
      { text: statusMarks['not-applicable'], colour: 'dim' },
      ...['', '', '', ''].map((text) => ({ text })),
    ];
  }
  const { status, rounds } = result;
  const counts = sumCounts(rounds);
  const lost = countLost(counts);
  const time = (values: readonly (number | null)[]): Cell => {
    const middle = median(values.filter((value) => value !== null));
    return { text: middle === undefined ? '-' : formatTime(middle) };
  };
  return [
    {
      text: statusMarks[status],
      colour: status === 'passed' ? 'green' : status === 'failed' ? 'red' : 'yellow',
    },
    { text: formatCount(lost), colour: lost > 0 ? 'red' : 'green' },
    { text: formatCount(countAttempts(counts)) },
    time(rounds.map(({ signalToRefused }) => signalToRefused)),
    time(rounds.map(({ signalToExit }) => signalToExit)),
  ];
}

/** What is new in the second: losses per stop, since the number of stops may differ. */
function change(a: ScenarioResult | undefined, b: ScenarioResult | undefined): Cell {
  if (!a || !b || a.rounds.length === 0 || b.rounds.length === 0) return { text: '' };
  const difference = perStop(b) - perStop(a);
  if (difference === 0) return { text: '=', colour: 'dim' };
  const text = `${difference > 0 ? '+' : '−'}${Math.abs(difference).toFixed(1)} per stop`;
  return { text, colour: difference > 0 ? 'red' : 'green' };
}

const perStop = ({ rounds }: ScenarioResult): number => countLost(sumCounts(rounds)) / rounds.length;

function total({ scenarios }: Report, letter: string): string {
  const counts = sumCounts(scenarios.flatMap(({ rounds }) => rounds));
  return `${letter} lost ${formatCount(countLost(counts))} of ${formatCount(countAttempts(counts))}`;
}
