import { createLogUpdate } from 'log-update';
import pc from 'picocolors';
import { formatCount, formatTime } from '../measure/numbers.ts';
import { countAttempts, countLost, sumCounts } from '../measure/outcome.ts';
import type { ScenarioResult } from '../run/probe.ts';
import type { Progress } from '../stop/stop.ts';
import type { Status } from '../verdict/verdict.ts';
import type { Report } from './report.ts';
import type { Reporter } from './reporter.ts';
import { alignCells, resultCells, titleLines, type Cell } from './table.ts';
import { statusMarks } from './words.ts';

export interface TerminalOptions {
  /** The command or process that is probed, for the first line. */
  readonly title: string;
  readonly signal: string;
  readonly rounds: number;
  /** Names in the order of the table. */
  readonly scenarios: readonly string[];
  readonly colours: boolean;
  /** Characters in a line; undefined where the output is no terminal. */
  readonly width: number | undefined;
  /** The terminal in which progress is shown in place; undefined where there is none. */
  readonly live: NodeJS.WriteStream | undefined;
}

const marks: Readonly<Record<Status, Cell>> = {
  passed: { text: statusMarks.passed, colour: 'green' },
  warning: { text: statusMarks.warning, colour: 'yellow' },
  failed: { text: statusMarks.failed, colour: 'red' },
  inconclusive: { text: statusMarks.inconclusive, colour: 'yellow' },
  'not-applicable': { text: statusMarks['not-applicable'], colour: 'dim' },
};

const spinner = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** For people: progress in place, then a table, what is wrong, and what to do about it. */
export function createTerminalReporter(options: TerminalOptions): Reporter {
  const { live, colours, width, scenarios, signal, rounds } = options;
  const paint = pc.createColors(colours);
  const log = live ? createLogUpdate(live) : undefined;
  const results = new Map<string, ScenarioResult>();
  let running: readonly string[] = [];
  let doing = 'starting the server to see what it can do';
  let frame = 0;
  let round = 1;

  function show(): void {
    if (!log) return;
    frame += 1;
    const spin = spinner[frame % spinner.length] ?? '';
    const lines = scenarios.flatMap((name): Cell[][] => {
      const result = results.get(name);
      if (result) return [resultLine(result)];
      if (running.includes(name)) {
        return [[{ text: `${spin} ${name}` }, { text: running[0] === name ? doing : '', colour: 'dim' }]];
      }
      return [[{ text: `  ${name}`, colour: 'dim' }, { text: '' }]];
    });
    const survey = running.length === 0 && results.size === 0 ? `\n${paint.dim(`${spin} ${doing}`)}` : '';
    log(
      `${heading()}\n${alignCells([...titleLines([{ text: '' }]), ...lines], { colours, width })}${survey}`,
    );
  }

  function heading(): string {
    return `${paint.bold('graceful-probe')}  ${options.title}\n`;
  }

  return {
    events: {
      surveying: show,
      surveyed(target) {
        doing = target;
        show();
      },
      started(names, number) {
        running = names;
        round = number;
        doing = 'starting';
        show();
      },
      progress(progress) {
        doing = describe(progress, signal, rounds > 1 ? `round ${round}/${rounds}  ` : '');
        show();
      },
      ended(result) {
        results.set(result.name, result);
        show();
      },
    },
    clear: () => log?.clear(),
    render(report) {
      return `${heading()}${renderReport(report, colours, width)}`;
    },
  };
}

function describe({ phase, counts }: Progress, signal: string, prefix: string): string {
  if (!counts) return `${prefix}starting`;
  const numbers = `${formatCount(counts.answered)} answered, ${formatCount(counts.refused)} refused, ${formatCount(countLost(counts))} lost`;
  const state = phase === 'load' ? 'load' : phase === 'signalled' ? signal : 'ending';
  return `${prefix}${state}  ${numbers}`;
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
  const advice = groupAdvice(report.scenarios);
  if (advice.size > 0) parts.push(`\n${paint.bold('What to fix')}`);
  for (const [text, names] of advice) parts.push(wrap(`${text} ${paint.dim(`(${names.join(', ')})`)}`));
  parts.push('', ...closing(report, paint), '');
  return parts.join('\n');
}

/** Advice, each with the names of the scenarios that it is about. */
export function groupAdvice(scenarios: readonly ScenarioResult[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { name, advice } of scenarios) {
    for (const text of advice) groups.set(text, [...(groups.get(text) ?? []), name]);
  }
  return groups;
}

function resultLine(result: ScenarioResult): Cell[] {
  const { name, status, reasons, rounds } = result;
  const { text, colour } = marks[status];
  const first: Cell = { text: `${text} ${name}`, colour };
  if (status === 'not-applicable') return [first, { text: reasons[0] ?? '', colour: 'dim' }];
  return [first, ...resultCells(rounds)];
}

type Paint = ReturnType<typeof pc.createColors>;

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
