import { measures, type Measure } from './chart-scale.ts';
import { escapeText, renderDocument } from './chart-theme.ts';
import type { Summary } from './results.ts';

/** What a phone has for a picture: drawn without a change of size, so that words stay as large as the others. */
const WIDTH = 358;
const EDGE = 14;
const TOP = 62;
const ROW = 35;
/** Right ends of the two columns of values. */
const LOST_END = 262;
const OVER_END = WIDTH - EDGE;
const LINE_CHARACTERS = 56;
const LINE = 15;

/** What each loses as lines, and how long it takes to exit as numbers. Its colours follow the browser. */
export function renderNarrowChart(summaries: readonly Summary[], caption: string): string {
  const { lost, over } = measures(summaries);
  const lines = wrap(caption);
  const bottom = TOP + summaries.length * ROW;
  const height = bottom + lines.length * LINE + 14;
  const body = [
    renderHead(),
    ...summaries.map((summary, row) => renderRow(summary, TOP + row * ROW, lost, over)),
    ...lines.map(
      (line, index) =>
        `  <text class="hint" x="${EDGE}" y="${bottom + 12 + index * LINE}">${escapeText(line)}</text>`,
    ),
  ];
  return renderDocument({ width: WIDTH, height }, 'auto', body.join('\n'));
}

function renderHead(): string {
  return [
    `  <text class="title" x="${EDGE}" y="26">Lost per shutdown</text>`,
    `  <text class="title" x="${OVER_END}" y="26" text-anchor="end">Exit</text>`,
    `  <text class="hint" x="${EDGE}" y="43">mean, least and most; log scale</text>`,
    `  <text class="hint" x="${OVER_END}" y="43" text-anchor="end">after the last answer</text>`,
  ].join('\n');
}

function renderRow(summary: Summary, top: number, lost: Measure, over: Measure): string {
  const { title, ours } = summary.contender;
  const name = ours ? 'ours' : 'peer';
  const text = ours ? ' class="ours"' : '';
  const { least, middle, most } = lost.range(summary);
  const x = (value: number): string => (EDGE + 5 + lost.scale(value) * (OVER_END - EDGE - 10)).toFixed(1);
  const y = top + 23;
  return [
    `  <text${text} x="${EDGE}" y="${top + 12}">${escapeText(title.replaceAll('`', ''))}</text>`,
    `<text${text} x="${LOST_END}" y="${top + 12}" text-anchor="end">${escapeText(lost.value(summary))}</text>`,
    `<text${text} x="${OVER_END}" y="${top + 12}" text-anchor="end">${escapeText(over.value(summary))}</text>`,
    `<line class="grid" x1="${EDGE}" x2="${OVER_END}" y1="${y}" y2="${y}"/>`,
    `<line class="${name}" x1="${x(least)}" x2="${x(most)}" y1="${y}" y2="${y}"/>`,
    `<circle class="${name}" cx="${x(middle)}" cy="${y}" r="4.5"/>`,
  ].join('');
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= LINE_CHARACTERS) {
      lines.push(line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
