import { countLost } from '../measure/outcome.ts';
import type { ScenarioResult } from '../run/probe.ts';
import type { Round } from '../stop/round.ts';
import type { Report } from './report.ts';

/** One piece of advice, and the scenarios that it is about. */
export interface Fix {
  readonly text: string;
  readonly scenarios: readonly string[];
}

/** Where to read on. */
export interface Link {
  readonly text: string;
  readonly url: string;
}

/** All advice, each piece once. */
export function collectFixes(scenarios: readonly ScenarioResult[]): Fix[] {
  const fixes = new Map<string, string[]>();
  for (const { name, advice } of scenarios) {
    for (const text of advice) fixes.set(text, [...(fixes.get(text) ?? []), name]);
  }
  return Array.from(fixes, ([text, names]) => ({ text, scenarios: names }));
}

/** Whether the stop is what is to be fixed, and not the load before it. */
function stopsBadly({ counts, lostBeforeSignal, killed }: Round): boolean {
  return killed || countLost(counts) === 0 || countLost(counts) > lostBeforeSignal;
}

/** The page that explains the advice, and for a server on Node.js the package that follows it. */
export function fixLinks({ runtime, scenarios }: Report): Link[] {
  if (!scenarios.some(({ advice, rounds }) => advice.length > 0 && rounds.some(stopsBadly))) return [];
  const page = 'https://www.npmjs.com/package/@graceful-cluster';
  const more: Link = { text: 'Each of these in detail', url: `${page}/probe#what-to-fix` };
  if (runtime !== 'node') return [more];
  const core = 'In Node.js, all of this is done by: node --import @graceful-cluster/core/register server.js';
  return [more, { text: core, url: `${page}/core` }];
}
