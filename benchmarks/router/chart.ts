import { formatNumber } from '../helpers/numbers.ts';
import { escapeText, renderDocument, type Theme } from '../peers/chart-theme.ts';
import type { Stories, Story } from './story.ts';

const TITLE = 'Requests that a router got no answer to (H13), at each stop of a dyno';

/** A panel: what one router saw, of the plain cluster above and of ours below. */
const PANEL = 330;
const PANEL_HEIGHT = 208;
const EDGE = 14;
const GAP = 24;
const BAR_HEIGHT = 80;
const FIRST_BASE = 136;
const SECOND_BASE = 188;

/** Side by side, or below each other for a phone. */
export function renderStories({ conditions, stories }: Stories, theme: Theme, narrow: boolean): string {
  const most = Math.max(1, ...stories.flatMap(({ lost }) => lost));
  const panels = [false, true].map((keepAlive, index) => {
    const [x, y] = narrow ? [0, index * (PANEL_HEIGHT + GAP)] : [index * (PANEL + 2 * EDGE), 0];
    const own = stories.filter((story) => story.keepAlive === keepAlive);
    return `  <g transform="translate(${x} ${y + 58})">\n${renderPanel(own, most)}\n  </g>`;
  });
  const width = narrow ? PANEL + 2 * EDGE : 2 * (PANEL + 2 * EDGE);
  const bottom = 58 + (narrow ? 2 * PANEL_HEIGHT + GAP : PANEL_HEIGHT);
  const words = [
    'Two dynos, each a cluster, each stopped in turn with a signal to all of its processes.',
    `A refused request goes to the other dyno. ${conditions}.`,
  ];
  const lines = narrow ? words.flatMap((line) => wrap(line, 54)) : words;
  const body = [
    `  <text class="title" x="${EDGE}" y="26">${narrow ? 'H13 at each stop of a dyno' : TITLE}</text>`,
    `  <text class="hint" x="${EDGE}" y="43">accepted, and closed without an answer</text>`,
    ...panels,
    ...lines.map(
      (line, index) =>
        `  <text class="hint" x="${EDGE}" y="${bottom + 28 + index * 15}">${escapeText(line)}</text>`,
    ),
  ];
  const size = { width, height: bottom + 28 + lines.length * 15 };
  return renderDocument(size, theme, body.join('\n'), TITLE);
}

function renderPanel(stories: readonly Story[], most: number): string {
  const keepAlive = stories[0]?.keepAlive;
  const title = keepAlive ? 'The router keeps its connections' : 'A connection for each request';
  return [
    `    <text x="${EDGE}" y="12">${title}</text>`,
    ...stories.map((story) => renderRow(story, most, story.program === 'plain' ? FIRST_BASE : SECOND_BASE)),
  ].join('\n');
}

function renderRow({ program, lost, stops, outcomes }: Story, most: number, base: number): string {
  const name = program === 'plain' ? 'peer' : 'ours';
  const label = program === 'plain' ? 'careful plain cluster' : '@graceful-cluster/core';
  const text = name === 'ours' ? ' class="ours"' : '';
  const step = PANEL / stops;
  const bars = lost.map((count, index) => {
    const height = count === 0 ? 2 : Math.max(4, (count / most) * BAR_HEIGHT);
    const x = (EDGE + index * step).toFixed(1);
    return `<rect class="${name} bar" x="${x}" y="${(base - height).toFixed(1)}" width="${(step * 0.7).toFixed(1)}" height="${height.toFixed(1)}"/>`;
  });
  const end = EDGE + PANEL - step * 0.3;
  const worst = Math.max(...lost);
  const x = EDGE + (lost.indexOf(worst) + 0.35) * step;
  const top = base - (worst / most) * BAR_HEIGHT - 5;
  const mark = `<text class="hint" x="${x.toFixed(1)}" y="${top.toFixed(1)}" text-anchor="middle">${worst}</text>`;
  const sum = `${formatNumber(outcomes.H13)} of ${formatNumber(outcomes.ok + outcomes.H13)}`;
  return [
    `    <line class="grid" x1="${EDGE}" x2="${end.toFixed(1)}" y1="${base}" y2="${base}"/>`,
    `    ${bars.join('')}${worst > 0 ? mark : ''}`,
    `    <text${text} x="${EDGE}" y="${base + 17}">${label}</text>`,
    `    <text${text} x="${end.toFixed(1)}" y="${base + 17}" text-anchor="end">${sum}</text>`,
  ].join('\n');
}

function wrap(text: string, characters: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + word.length >= characters) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
