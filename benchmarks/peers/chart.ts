import { formatNumber } from '../helpers/numbers.ts';
import { formatLost, formatOver } from './format.ts';
import type { Summary } from './results.ts';

const ROW = 24;
const TOP = 84;
const LABELS = 272;
const PANEL = 236;
const VALUES = 92;
const WIDTH = LABELS + 2 * (PANEL + VALUES) + 16;

interface Panel {
  readonly left: number;
  readonly title: string;
  readonly hint: string;
  readonly ticks: readonly number[];
  readonly tick: (value: number) => string;
  readonly scale: (value: number) => number;
  readonly range: (summary: Summary) => { least: number; middle: number; most: number };
  readonly value: (summary: Summary) => string;
}

/** From 0 to `most` in steps of ten, with room for 0. */
function tenfold(ticks: readonly number[], most: number): (value: number) => number {
  const first = ticks.find((tick) => tick > 0) ?? 1;
  const zero = ticks.includes(0) ? 1 : 0;
  const steps = Math.log10(most / first) + zero;
  return (value) => {
    if (value < first) return zero === 0 ? 0 : value / first / steps;
    return (Math.log10(value / first) + zero) / steps;
  };
}

/** How much each loses and how long it takes, ranges and middles, as one picture that follows light and dark. */
export function renderChart(summaries: readonly Summary[], caption: string): string {
  const most = Math.max(...summaries.map(({ lost }) => lost.most));
  const lostTicks = [0, 1, 10, 100, 1_000];
  const overTicks = [1, 10, 100, 1_000, 10_000];
  const longest = Math.max(...summaries.map(({ over }) => over.most), 1_000);
  const panels: Panel[] = [
    {
      left: LABELS,
      title: 'Lost per shutdown',
      hint: 'requests: mean, least and most',
      ticks: lostTicks.filter((tick) => tick <= most),
      tick: (value) => formatNumber(value),
      scale: tenfold(lostTicks, most),
      range: ({ lost }) => ({ least: lost.least, middle: lost.mean, most: lost.most }),
      value: formatLost,
    },
    {
      left: LABELS + PANEL + VALUES,
      title: 'Exit after the last answer it owed',
      hint: 'median, least and most',
      ticks: overTicks.filter((tick) => tick <= longest),
      tick: (value) => (value < 1_000 ? `${value} ms` : `${value / 1_000} s`),
      scale: tenfold(overTicks, longest),
      range: ({ over }) => ({ least: over.least, middle: over.median, most: over.most }),
      value: formatOver,
    },
  ];
  const height = TOP + summaries.length * ROW + 34;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
  <title id="title">What clients lose when a server is stopped under load</title>
  <style>
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
    .page { fill: #ffffff; stroke: #d1d9e0 }
    .title { font-weight: 600 }
    .hint { font-size: 11px; fill: #59636e }
    .grid { stroke: #d1d9e0 }
    .peer { stroke: #bf3989; fill: #bf3989 }
    .ours { stroke: #1a7f37; fill: #1a7f37 }
    text.ours { stroke: none; font-weight: 600 }
    line.peer, line.ours { stroke-width: 3; stroke-linecap: round; opacity: 0.45 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .page { fill: #0d1117; stroke: #3d444d }
      .hint { fill: #9198a1 }
      .grid { stroke: #3d444d }
      .peer { stroke: #f778ba; fill: #f778ba }
      .ours { stroke: #3fb950; fill: #3fb950 }
    }
  </style>
  <rect class="page" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="6"/>
${panels.map((panel) => renderPanel(panel, summaries)).join('\n')}
${summaries.map((summary, row) => renderLabel(summary, row)).join('\n')}
  <text class="hint" x="16" y="${height - 12}">${escape(caption)}</text>
</svg>
`;
}

const middleOf = (row: number): number => TOP + row * ROW + ROW / 2;
const classOf = ({ contender }: Summary): string => (contender.ours ? 'ours' : 'peer');
const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const round = (value: number): string => value.toFixed(1);

function renderLabel(summary: Summary, row: number): string {
  const { title, ours } = summary.contender;
  const label = escape(title.replaceAll('`', ''));
  return `  <text${ours ? ' class="ours"' : ''} x="16" y="${middleOf(row) + 4.5}">${label}</text>`;
}

function renderPanel(panel: Panel, summaries: readonly Summary[]): string {
  const { left, title, hint, ticks } = panel;
  const x = (value: number): string => round(left + panel.scale(value) * PANEL);
  const bottom = TOP + summaries.length * ROW;
  const grid = ticks.map(
    (tick) =>
      `  <line class="grid" x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 6}" y2="${bottom}"/>` +
      `<text class="hint" x="${x(tick)}" y="${TOP - 12}" text-anchor="middle">${panel.tick(tick)}</text>`,
  );
  const rows = summaries.map((summary, row) => {
    const { least, middle, most } = panel.range(summary);
    const y = middleOf(row);
    const name = classOf(summary);
    return (
      `  <line class="${name}" x1="${x(least)}" x2="${x(most)}" y1="${y}" y2="${y}"/>` +
      `<circle class="${name}" cx="${x(middle)}" cy="${y}" r="4.5"/>` +
      `<text${name === 'ours' ? ' class="ours"' : ''} x="${left + PANEL + VALUES - 20}" y="${y + 4.5}" text-anchor="end">${escape(panel.value(summary))}</text>`
    );
  });
  return [
    `  <text class="title" x="${left}" y="26">${title}</text>`,
    `  <text class="hint" x="${left}" y="43">${hint}</text>`,
    ...grid,
    ...rows,
  ].join('\n');
}
