import type { Counts } from './load.ts';

/** A Markdown table, as the documentation has it. */
export function table(rows: readonly (readonly string[])[]): string {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(width(column))).join(' | ')} |`;
  const [head = [], ...body] = rows;
  const rule = `| ${head.map((_, column) => '-'.repeat(width(column))).join(' | ')} |`;
  return [line(head), rule, ...body.map(line)].join('\n');
}

/** `12: 8 × POST 502, 4 × GET reset`, or `0`. */
export function tell(failed: Counts): string {
  const kinds = Object.entries(failed);
  const sum = kinds.reduce((total, [, count]) => total + count, 0);
  return sum === 0 ? '0' : `${sum}: ${kinds.map(([kind, count]) => `${count} × ${kind}`).join(', ')}`;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
