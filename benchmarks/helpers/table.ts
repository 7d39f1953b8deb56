/** Prints rows under a line of titles: the first column to the left, the others to the right. */
export function printTable(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [titles, ...rows];
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const rule = widths.map((width) => '-'.repeat(width));
  console.log();
  for (const line of [titles, rule, ...rows]) {
    const cells = widths.map((width, column) => {
      const text = line[column] ?? '';
      return column === 0 ? text.padEnd(width) : text.padStart(width);
    });
    console.log(cells.join('  ').trimEnd());
  }
  console.log();
}

/** One line that is overwritten by the next, on a terminal only. */
export function printProgress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u{1b}[K${text}`);
}
