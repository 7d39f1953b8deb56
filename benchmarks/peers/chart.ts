import { measures, type Measure } from './chart-scale.ts';
import { escapeText, renderDocument, type Theme } from './chart-theme.ts';
import type { Summary } from './results.ts';

const ROW = 24;
const TOP = 84;
const LABELS = 272;
const PANEL = 236;
const VALUES = 92;
const WIDTH = LABELS + 2 * (PANEL + VALUES) + 16;

/** How much each loses and how long it takes, ranges and middles, as one picture. */
export function renderChart(summaries: readonly Summary[], caption: string, theme: Theme): string {
  const { lost, over } = measures(summaries);
  const height = TOP + summaries.length * ROW + 34;
  const body = [
    renderPanel(lost, LABELS, summaries),
    renderPanel(over, LABELS + PANEL + VALUES, summaries),
    ...summaries.map((summary, row) => renderLabel(summary, row)),
    `  <text class="hint" x="16" y="${height - 12}">${escapeText(caption)}</text>`,
  ];
  return renderDocument({ width: WIDTH, height }, theme, body.join('\n'));
}

const middleOf = (row: number): number => TOP + row * ROW + ROW / 2;
const classOf = ({ contender }: Summary): string => (contender.ours ? 'ours' : 'peer');
const round = (value: number): string => value.toFixed(1);

function renderLabel(summary: Summary, row: number): string {
  const { title, ours } = summary.contender;
  const label = escapeText(title.replaceAll('`', ''));
  return `  <text${ours ? ' class="ours"' : ''} x="16" y="${middleOf(row) + 4.5}">${label}</text>`;
}

function renderPanel(measure: Measure, left: number, summaries: readonly Summary[]): string {
  const { title, hint, ticks } = measure;
  const x = (value: number): string => round(left + measure.scale(value) * PANEL);
  const bottom = TOP + summaries.length * ROW;
  const grid = ticks.map(
    (tick) =>
      `  <line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 6}" y2="${bottom}"/>` +
      `<text class="hint" x="${x(tick)}" y="${TOP - 12}" text-anchor="middle">${measure.tick(tick)}</text>`,
  );
  const rows = summaries.map((summary, row) => {
    const { least, middle, most } = measure.range(summary);
    const y = middleOf(row);
    const name = classOf(summary);
    return (
      `  <line class="${name}" x1="${x(least)}" x2="${x(most)}" y1="${y}" y2="${y}"/>` +
      `<circle class="${name}" cx="${x(middle)}" cy="${y}" r="4.5"/>` +
      `<text${name === 'ours' ? ' class="ours"' : ''} x="${left + PANEL + VALUES - 20}" y="${y + 4.5}" text-anchor="end">${escapeText(measure.value(summary))}</text>`
    );
  });
  return [
    `  <text class="title" x="${left}" y="26">${title}</text>`,
    `  <text class="hint" x="${left}" y="43">${hint}</text>`,
    ...grid,
    ...rows,
  ].join('\n');
}
