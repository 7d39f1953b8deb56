import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { formatNumber } from '../helpers/numbers.ts';
import { renderRows, replaceSection } from '../peers/documents.ts';
import { renderStories } from './chart.ts';
import type { Stories, Story } from './story.ts';

const folder = fileURLToPath(new URL('../../../benchmarks/router/', import.meta.url));
/** The conditions, then a line for each story. */
const file = join(folder, 'results.jsonl');

export function readStories(): Stories {
  const [conditions = '""', ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  return {
    conditions: JSON.parse(conditions) as string,
    stories: lines.map((line) => JSON.parse(line) as Story),
  };
}

export function keepStories({ conditions, stories }: Stories): void {
  writeFileSync(file, [conditions, ...stories].map((line) => `${JSON.stringify(line)}\n`).join(''));
}

/**
 * README's second picture: light, dark, and narrow for a phone, which has both; and the table of docs/deployment.md.
 */
export function writePictures(stories: Stories): void {
  writeFileSync(join(folder, 'chart.svg'), renderStories(stories, 'light', false));
  writeFileSync(join(folder, 'chart-dark.svg'), renderStories(stories, 'dark', false));
  writeFileSync(join(folder, 'chart-narrow.svg'), renderStories(stories, 'auto', true));
  const rows = stories.stories.map(describeStory);
  replaceSection('docs/deployment.md', 'router', `${renderRows(titles, rows)}\n\n${stories.conditions}.`);
}

export const titles = ['dynos', 'router', 'stops', 'answered', 'sent elsewhere', 'H13', 'H18', 'H21'];

export function describeStory({ program, keepAlive, stops, outcomes, rerouted }: Story): string[] {
  const { ok, H13, H18, H21 } = outcomes;
  return [
    program === 'graceful' ? 'ours' : 'careful plain cluster',
    keepAlive ? 'keeps its connections' : 'a connection per request',
    ...[stops, ok, rerouted, H13, H18, H21].map((value) => formatNumber(value)),
  ];
}
