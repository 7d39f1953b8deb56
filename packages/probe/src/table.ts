import { formatCount, formatTime, median } from './numbers.ts';
import { addCounts, emptyCounts, type Counts } from './outcome.ts';
import type { Round } from './round.ts';

/** The shutdowns of one server. */
export interface TableRow {
  readonly name: string;
  readonly rounds: readonly Round[];
}

export interface TableOptions {
  /** Whether losses are red and their absence green. */
  readonly colours: boolean;
}

interface Cell {
  readonly text: string;
  readonly colour?: 'red' | 'green' | 'dim' | undefined;
}

interface Column {
  /** In two lines. */
  readonly title: readonly [string, string];
  readonly cell: (counts: Counts, rounds: readonly Round[]) => Cell;
}

const escapes = { red: '\u{1b}[31m', green: '\u{1b}[32m', dim: '\u{1b}[2m', off: '\u{1b}[0m' } as const;

const columns: readonly Column[] = [
  { title: ['', 'answered'], cell: ({ answered }) => ({ text: formatCount(answered) }) },
  { title: ['', 'refused'], cell: ({ refused }) => ({ text: formatCount(refused) }) },
  { title: ['', 'reset'], cell: (counts) => lossCell(counts.reset + counts['reset-before-accept']) },
  { title: ['empty', 'reply'], cell: ({ empty }) => lossCell(empty) },
  { title: ['', 'cut'], cell: ({ cut }) => lossCell(cut) },
  { title: ['', '5xx'], cell: ({ unavailable }) => lossCell(unavailable) },
  { title: ['', 'hung'], cell: ({ hung }) => lossCell(hung) },
  {
    title: ['signal→', 'refused'],
    cell: (_, rounds) => timeCell(rounds.map((round) => round.signalToRefused)),
  },
  { title: ['signal→', 'exit'], cell: (_, rounds) => exitCell(rounds) },
];

/** One line for each server: sums of all its shutdowns, medians of the times. */
export function renderTable(rows: readonly TableRow[], { colours }: TableOptions): string {
  const lines = [renderTitle(0), renderTitle(1), ...rows.map(renderRow)];
  const widths = Array.from({ length: columns.length + 1 }, (_, index) =>
    Math.max(...lines.map((line) => line[index]?.text.length ?? 0)),
  );
  const renderCell = ({ text, colour }: Cell, index: number): string => {
    const width = widths[index] ?? 0;
    const padded = index === 0 ? text.padEnd(width) : text.padStart(width);
    return colours && colour ? `${escapes[colour]}${padded}${escapes.off}` : padded;
  };
  return lines.map((line) => line.map(renderCell).join('  ').trimEnd()).join('\n');
}

function renderTitle(line: 0 | 1): Cell[] {
  return ['', ...columns.map(({ title }) => title[line])].map((text) => ({ text, colour: 'dim' }));
}

function renderRow({ name, rounds }: TableRow): Cell[] {
  const counts = emptyCounts();
  for (const round of rounds) addCounts(counts, round.counts);
  return [{ text: name }, ...columns.map(({ cell }) => cell(counts, rounds))];
}

function lossCell(count: number): Cell {
  return { text: formatCount(count), colour: count > 0 ? 'red' : 'green' };
}

function timeCell(times: readonly (number | null)[]): Cell {
  const time = median(times.filter((value) => value !== null));
  return { text: time === undefined ? '-' : formatTime(time) };
}

/** With ">" where the server stayed as long as there was load. */
function exitCell(rounds: readonly Round[]): Cell {
  const { text } = timeCell(rounds.map((round) => round.signalToExit));
  return { text: rounds.some((round) => round.outlastedLoad) ? `> ${text}` : text };
}
