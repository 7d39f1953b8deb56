import type { Latency } from '../../measure/latency.ts';
import { formatCount, formatTime } from '../../measure/numbers.ts';
import { countLost, isLost, outcomeNames, outcomes, sumCounts, type Counts } from '../../measure/outcome.ts';
import type { ScenarioResult } from '../../run/probe.ts';
import type { Round } from '../../stop/round.ts';
import type { Fix } from '../fixes.ts';
import { html, type Markup } from '../markup.ts';
import { statusNames } from '../words.ts';
import { renderPicture } from './picture.ts';

/** The card of a scenario that was run. */
export function renderScenario(result: ScenarioResult, fixes: readonly Fix[]): Markup {
  const { name, title, description, status, rounds, reasons, notes } = result;
  const worst = rounds.toSorted((a, b) => countLost(b.counts) - countLost(a.counts))[0] as Round;
  const reason = status === 'failed' ? 'reason' : 'unsure-reason';
  return html`<section id="${name}">
    <div class="title">
      <h2>${title}</h2>
      <span class="badge ${status}">${statusNames[status]}</span>
    </div>
    <p class="soft">${description}</p>
    ${reasons.map((text) => html`<p class="${reason}">${capitalize(text)}.</p>`)}
    ${notes.map((text) => html`<p>${capitalize(text)}.</p>`)} ${renderFixLinks(name, fixes)}
    ${renderCounts(sumCounts(rounds))} ${renderPicture(worst)}
    ${rounds.length > 1 ? html`<p class="soft">Round ${rounds.indexOf(worst) + 1} of ${rounds.length}, the one that lost most.</p>` : undefined}
    ${renderLatency(worst)}
  </section>`;
}

/** The advice itself is told once, above all cards. */
function renderFixLinks(name: string, fixes: readonly Fix[]): Markup | undefined {
  const own = fixes.flatMap(({ scenarios }, index) => (scenarios.includes(name) ? [index + 1] : []));
  if (own.length === 0) return undefined;
  return html`<p class="see">
    What to fix: ${own.map((number) => html`<a href="#fix-${number}">${number}</a>`)}
  </p>`;
}

function renderCounts(counts: Counts): Markup {
  const present = outcomes.filter((outcome) => counts[outcome] > 0);
  const shown = outcomes.filter((outcome) => counts[outcome] > 0 || !isLost(outcome));
  return html`<div class="bar">
      ${present.map((outcome) => html`<i class="of-${outcome}" style="flex:${counts[outcome]}"></i>`)}
    </div>
    <ul class="legend">
      ${shown.map(
        (outcome) =>
          html`<li>
            <i class="of-${outcome}"></i><b>${formatCount(counts[outcome])}</b> ${outcomeNames[outcome]}
          </li>`,
      )}
    </ul>`;
}

function renderLatency({ latency }: Round): Markup {
  const row = (name: string, { count, p50, p99, max }: Latency): Markup =>
    html`<tr>
      <td>${name}</td>
      <td>${formatCount(count)}</td>
      ${[p50, p99, max].map((time) => html`<td>${time === null ? '–' : formatTime(time)}</td>`)}
    </tr>`;
  return html`<table class="latency">
    <thead>
      <tr>
        <th>answers</th>
        <th>count</th>
        <th>median</th>
        <th>99 %</th>
        <th>longest</th>
      </tr>
    </thead>
    <tbody>
      ${row('before', latency.before)}${row('after', latency.after)}
    </tbody>
  </table>`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
