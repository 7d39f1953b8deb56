import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatNumber } from '../helpers/numbers.ts';
import { printTable } from '../helpers/table.ts';
import { renderNarrowChart } from './chart-narrow.ts';
import { renderChart } from './chart.ts';
import { contenders, folder, type Contender } from './contenders.ts';
import { formatLost, formatOver } from './format.ts';
import { summarize, writeResults, type Results, type Summary } from './results.ts';

const root = join(folder, '..', '..');

export function printResults(results: Results): void {
  console.log(describeRun(results));
  const rows = summarize(results, contenders).map((summary) => [
    summary.contender.title.replaceAll('`', ''),
    ...cells(summary),
    summary.exits.join(', '),
    describeLost(summary),
  ]);
  printTable(['', ...titles, 'exit', 'lost by'], rows);
}

/** Brings chart, README and docs up to what was measured. */
export function writeDocuments(results: Results): void {
  const summaries = summarize(results, contenders);
  const run = describeRun(results);
  writeResults(join(folder, 'results.jsonl'), results);
  writeFileSync(join(folder, 'chart.svg'), renderChart(summaries, run, 'light'));
  writeFileSync(join(folder, 'chart-dark.svg'), renderChart(summaries, run, 'dark'));
  writeFileSync(join(folder, 'chart-narrow.svg'), renderNarrowChart(summaries, run));
  replaceSection('README.md', 'peers', `${renderTable(summaries)}\n\n${run}`);
  replaceSection('docs/peers.md', 'how', renderHow(summaries));
  replaceSection('docs/peers.md', 'configurations', renderConfigurations(summaries));
}

const titles = ['version', 'lost per shutdown', 'worst', 'lossless', 'exit after the last answer'];

function cells(summary: Summary): string[] {
  const { version, lost, clean, stops } = summary;
  return [version, formatLost(summary), formatNumber(lost.most), `${clean} of ${stops}`, formatOver(summary)];
}

function describeRun({ conditions: { machine, node, clients }, entries }: Results): string {
  const counts = entries.map(({ stops }) => stops.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const rounds = least === most ? least : `${least} to ${most}`;
  const loads = entries.flatMap(({ stops }) => stops.map(({ load }) => load));
  const busy = `load average ${Math.min(...loads).toFixed(0)} to ${Math.max(...loads).toFixed(0)}`;
  return `${rounds} shutdowns of each; servers under Node ${node}, clients under ${clients}; ${machine}; ${busy}.`;
}

function describeLost({ outcomes }: Summary): string {
  return Object.entries(outcomes)
    .map(([name, count]) => `${formatNumber(count)} ${name}`)
    .join(', ');
}

function renderTable(summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => {
    const row = [summary.contender.title, ...cells(summary)];
    return summary.contender.ours ? row.map((cell) => `**${cell}**`) : row;
  });
  return renderRows(['', ...titles], rows);
}

function renderHow(summaries: readonly Summary[]): string {
  const rows = summaries.map((summary) => [
    summary.contender.title,
    describeLost(summary) || 'none',
    summary.exits.join(', '),
  ]);
  return renderRows(['', 'lost, in all shutdowns', 'exit'], rows);
}

function renderConfigurations(summaries: readonly Summary[]): string {
  const rows = contenders
    .filter((contender) => summaries.some((summary) => summary.contender === contender))
    .map((contender) => {
      const { title, file } = contender;
      return [`[${title}](../benchmarks/peers/servers/${file})`, readConfiguration(contender)];
    });
  return renderRows(['', 'configuration'], rows);
}

/** The comment at the head of its file. */
function readConfiguration({ file }: Contender): string {
  const lines = readFileSync(join(folder, 'servers', file), 'utf8').split('\n');
  const end = lines.findIndex((line) => !/^(?:\/\/|#) /.test(line));
  return lines
    .slice(0, end)
    .map((line) => line.replace(/^(?:\/\/|#) /, ''))
    .join(' ');
}

/** As the formatter would have it: all cells of a column as wide as the widest. */
export function renderRows(head: readonly string[], body: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...body].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[], fill = ' '): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  return [line(head), line([], '-'), ...body.map((row) => line(row))].join('\n');
}

/** Replaces what is between `<!-- name -->` and `<!-- /name -->`. */
export function replaceSection(path: string, name: string, content: string): void {
  const file = join(root, path);
  const [before, rest = ''] = readFileSync(file, 'utf8').split(`<!-- ${name} -->`);
  const [, after] = rest.split(`<!-- /${name} -->`);
  if (after === undefined) throw new Error(`${path} has no section '${name}'`);
  writeFileSync(file, `${before}<!-- ${name} -->\n\n${content}\n\n<!-- /${name} -->${after}`);
}
