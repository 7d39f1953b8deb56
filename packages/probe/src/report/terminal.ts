import pc from 'picocolors';
import { formatCount, formatTime } from '../measure/numbers.ts';
import { countAttempts, countLost, sumCounts } from '../measure/outcome.ts';
import type { ScenarioResult } from '../run/probe.ts';
import { serverName } from '../run/settings.ts';
import type { Status } from '../verdict/verdict.ts';
import { collectFixes, fixLinks } from './fixes.ts';
import type { Report } from './report.ts';
import { alignCells, resultCells, titleLines, type Cell, type TableOptions } from './table.ts';
import { statusMarks } from './words.ts';

const marks: Readonly<Record<Status, Cell>> = {
  passed: { text: statusMarks.passed, colour: 'green' },
  warning: { text: statusMarks.warning, colour: 'yellow' },
  failed: { text: statusMarks.failed, colour: 'red' },
  inconclusive: { text: statusMarks.inconclusive, colour: 'yellow' },
  'not-applicable': { text: statusMarks['not-applicable'], colour: 'dim' },
};

/** For people: a table, what is wrong, and what to do about it. */
export function renderTerminal(report: Report, { colours, width }: TableOptions): string {
  const title = serverName({ ...report, pid: report.pid ?? undefined });
  return `${heading(title, pc.createColors(colours))}${renderReport(report, colours, width)}`;
}

export function heading(title: string, paint: Paint): string {
  return `${paint.bold('graceful-probe')}  ${title}\n`;
}

/** Without the heading. */
export function renderReport(report: Report, colours: boolean, width?: number): string {
  const paint = pc.createColors(colours);
  const lines = report.scenarios.map(resultLine);
  const parts = [`\n${alignCells([...titleLines([{ text: '' }]), ...lines], { colours, width })}`];
  for (const result of report.scenarios) {
    if (result.status === 'not-applicable') continue;
    const texts = [...result.reasons, ...result.notes.map((note) => paint.dim(note))];
    if (texts.length === 0) continue;
    const { text, colour = 'dim' } = marks[result.status];
    parts.push(`\n${paint[colour](text)} ${paint.bold(result.name)}`, ...texts.map((one) => wrap(one)));
  }
  const fixes = collectFixes(report.scenarios);
  if (fixes.length > 0) parts.push(`\n${paint.bold('What to fix')}`);
  for (const { text, scenarios } of fixes)
    parts.push(wrap(`${text} ${paint.dim(`(${scenarios.join(', ')})`)}`));
  for (const { text, url } of fixLinks(report)) parts.push(wrap(`${text} (${paint.cyan(url)})`));
  parts.push('', ...closing(report, paint), '');
  return parts.join('\n');
}

/** A line of the table. */
export function resultLine(result: ScenarioResult): Cell[] {
  const { name, status, reasons, rounds } = result;
  const { text, colour } = marks[status];
  const first: Cell = { text: `${text} ${name}`, colour };
  if (status === 'not-applicable') return [first, { text: reasons[0] ?? '', colour: 'dim' }];
  return [first, ...resultCells(rounds)];
}

export type Paint = ReturnType<typeof pc.createColors>;

function closing({ scenarios, verdict, rounds, machine, node }: Report, paint: Paint): string[] {
  const all = scenarios.flatMap((scenario) => scenario.rounds);
  const counts = sumCounts(all);
  const lost = countLost(counts);
  const lag = Math.max(0, ...all.map((round) => round.lag.max));
  const p99 = Math.max(0, ...all.map((round) => round.lag.p99));
  const run = scenarios.filter((scenario) => scenario.rounds.length > 0).length;
  const stops = `in ${run === 1 ? 'one scenario' : `${run} scenarios`}, ${rounds === 1 ? 'one round' : `${rounds} rounds`} each`;
  const sentence = `lost ${formatCount(lost)} of ${formatCount(countAttempts(counts))}`;
  const words = {
    passed: paint.green(paint.bold(`PASSED  ${sentence}`)),
    warning: paint.yellow(paint.bold(`PASSED, with a warning  ${sentence}`)),
    failed: paint.red(paint.bold(`FAILED  ${sentence}`)),
    inconclusive: paint.yellow(paint.bold(`INCONCLUSIVE  ${sentence}`)),
  };
  return [
    `${words[verdict]}  ${paint.dim(stops)}`,
    paint.dim(
      `The probe's own timers were late by ${formatTime(p99)} (99 %), at most ${formatTime(lag)}: no time above is finer.\n${machine}, Node ${node}`,
    ),
  ];
}

/** Indented by two, in lines that can be read. */
function wrap(text: string): string {
  const lines: string[] = [];
  let line = ' ';
  for (const word of text.split(' ')) {
    if (line.length + word.length > 98) {
      lines.push(line);
      line = ' ';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}
