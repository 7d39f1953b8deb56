import pc from 'picocolors';
import { formatCount, formatTime, median } from '../measure/numbers.ts';
import { sumCounts, type Counts } from '../measure/outcome.ts';
import type { Round } from '../stop/round.ts';

/** The shutdowns of one server. */
export interface TableRow {
  readonly name: string;
  readonly rounds: readonly Round[];
}

export interface TableOptions {
  /** Whether losses are red and their absence green. */
  readonly colours: boolean;
  /** Characters in a line. Columns are closer where there are few. */
  readonly width?: number | undefined;
}

export interface Cell {
  readonly text: string;
  readonly colour?: 'red' | 'green' | 'yellow' | 'dim' | 'bold' | undefined;
}

interface Column {
  /** In two lines. */
  readonly title: readonly [string, string];
  readonly cell: (counts: Counts, rounds: readonly Round[]) => Cell;
}

const columns: readonly Column[] = [
  { title: ['', 'answered'], cell: ({ answered }) => ({ text: formatCount(answered) }) },
  { title: ['', 'refused'], cell: ({ refused }) => ({ text: formatCount(refused) }) },
  { title: ['', 'reset'], cell: (counts) => lossCell(counts.reset + counts['reset-before-accept']) },
  { title: ['empty', 'reply'], cell: ({ empty }) => lossCell(empty) },
  { title: ['', 'cut'], cell: ({ cut }) => lossCell(cut) },
  { title: ['4xx', '5xx'], cell: ({ unavailable }) => lossCell(unavailable) },
  { title: ['', 'hung'], cell: ({ hung }) => lossCell(hung) },
  {
    title: ['signal→', 'refused'],
    cell: (_, rounds) => timeCell(rounds.map((round) => round.signalToRefused)),
  },
  { title: ['signal→', 'exit'], cell: (_, rounds) => exitCell(rounds) },
];

/** One line for each server: sums of all its shutdowns, medians of the times. */
export function renderTable(rows: readonly TableRow[], options: TableOptions): string {
  const lines = rows.map(({ name, rounds }) => [{ text: name }, ...resultCells(rounds)]);
  return alignCells([...titleLines([{ text: '' }]), ...lines], options);
}

/** The titles of `resultCells`, with others before them. */
export function titleLines(before: readonly Cell[]): Cell[][] {
  return ([0, 1] as const).map((line) => [
    ...before.map(({ text }): Cell => ({ text: line === 1 ? text : '', colour: 'dim' })),
    ...columns.map(({ title }): Cell => ({ text: title[line], colour: 'dim' })),
  ]);
}

export function resultCells(rounds: readonly Round[]): Cell[] {
  const counts = sumCounts(rounds);
  return columns.map(({ cell }) => cell(counts, rounds));
}

const GAP = '  ';

/** Lines of cells under each other, the first of each line on the left. */
export function alignCells(
  lines: readonly (readonly Cell[])[],
  { colours, width = Infinity }: TableOptions,
): string {
  const paint = pc.createColors(colours);
  const aligned = Math.max(...lines.map((line) => line.length));
  const widths = Array.from({ length: aligned }, (_, index) =>
    Math.max(...lines.map((line) => (index > 0 && line.length === 2 ? 0 : (line[index]?.text.length ?? 0)))),
  );
  const roomy = widths.reduce((sum, one) => sum + one + GAP.length, 0) <= width + GAP.length;
  const renderCell = ({ text, colour }: Cell, index: number): string => {
    const length = widths[index] ?? 0;
    const padded = index === 0 ? text.padEnd(length) : text.padStart(length);
    return colour ? paint[colour](padded) : padded;
  };
  // The last of a short line runs on over the columns.
  const render = (line: readonly Cell[]): string =>
    line
      .map((cell, index) =>
        line.length === 2 && index === 1 ? renderCell(cell, -1) : renderCell(cell, index),
      )
      .join(roomy ? GAP : ' ');
  return lines.map((line) => render(line).trimEnd()).join('\n');
}

function lossCell(count: number): Cell {
  return { text: formatCount(count), colour: count > 0 ? 'red' : 'green' };
}

function timeCell(times: readonly (number | null)[]): Cell {
  const time = median(times.filter((value) => value !== null));
  return { text: time === undefined ? '-' : formatTime(time) };
}

/** The exit time, with ">" where the server stayed as long as there was load. */
function exitCell(rounds: readonly Round[]): Cell {
  const { text } = timeCell(rounds.map((round) => round.signalToExit));
  return { text: rounds.some((round) => round.outlastedLoad) ? `> ${text}` : text };
}
