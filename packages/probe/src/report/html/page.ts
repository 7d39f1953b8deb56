import { formatCount, formatTime } from '../../measure/numbers.ts';
import { countAttempts, countLost, outcomeNames, outcomes, sumCounts } from '../../measure/outcome.ts';
import type { ScenarioResult } from '../../run/probe.ts';
import { serverName } from '../../run/settings.ts';
import { collectFixes, fixLinks, type Fix } from '../fixes.ts';
import { html, raw, type Markup } from '../markup.ts';
import type { Report } from '../report.ts';
import { outcomeMeanings, statusNames } from '../words.ts';
import { renderScenario } from './scenario.ts';
import { style } from './style.ts';
import { renderSummary } from './summary.ts';

/** One page that needs nothing else: no script, no font, no picture from anywhere. */
export function renderPage(report: Report): string {
  const { scenarios } = report;
  const fixes = collectFixes(scenarios);
  const run = scenarios.filter(({ rounds }) => rounds.length > 0);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>graceful-probe: ${serverName({ ...report, pid: report.pid ?? undefined })}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <main>
          ${renderHeader(report)} ${renderSummary(run)} ${renderFixes(report, fixes)}
          ${run.map((result) => renderScenario(result, fixes))} ${renderOthers(scenarios)}
          ${renderFooter(report)}
        </main>
      </body>
    </html> `;
  return `${page.markup.trim()}\n`;
}

function renderHeader(report: Report): Markup {
  const { verdict, signal, stopCommand, group, rounds, url, startedAt } = report;
  const stop = stopCommand ?? `${signal}${group ? ' to the process group' : ''}`;
  return html`<header>
    <span class="badge ${verdict}">${statusNames[verdict]}</span>
    <h1>${headline(report)}</h1>
    <code class="command">${serverName({ ...report, pid: report.pid ?? undefined })}</code>
    <ul class="facts soft">
      <li>${stop} after ${formatTime(report.after)} under load</li>
      <li>${rounds === 1 ? 'one round' : `${rounds} rounds`} per scenario</li>
      <li>${url}</li>
      <li>${startedAt.replace('T', ' ').slice(0, 16)} UTC</li>
    </ul>
  </header>`;
}

function headline({ scenarios }: Report): string {
  const counts = sumCounts(scenarios.flatMap(({ rounds }) => rounds));
  const lost = countLost(counts);
  const all = formatCount(countAttempts(counts));
  return lost === 0 ? `Lost none of ${all} requests` : `Lost ${formatCount(lost)} of ${all} requests`;
}

function renderFixes(report: Report, fixes: readonly Fix[]): Markup | undefined {
  if (fixes.length === 0) return undefined;
  return html`<section class="fixes">
    <h2>What to fix</h2>
    <ol>
      ${fixes.map(
        ({ text, scenarios }, index) =>
          html`<li id="fix-${index + 1}">
            ${text}
            <span class="about">${scenarios.map((name) => html`<a href="#${name}">${name}</a>`)}</span>
          </li>`,
      )}
    </ol>
    ${fixLinks(report).map(({ text, url }) => html`<p><a href="${url}">${keepWhole(text)}</a></p>`)}
  </section>`;
}

/** A browser would break the line behind the hyphens of an option. */
function keepWhole(text: string): Markup[] {
  return text.split(' ').map((word) => html`<span class="whole">${word}</span> `);
}

function renderOthers(scenarios: readonly ScenarioResult[]): Markup | undefined {
  const others = scenarios.filter(({ rounds }) => rounds.length === 0);
  if (others.length === 0) return undefined;
  return html`<p class="soft">Not applicable, and so neither passed nor failed:</p>
    <ul class="others soft">
      ${others.map(({ name, reasons }) => html`<li><b>${name}</b> ${reasons.join()}</li>`)}
    </ul>`;
}

function renderFooter({ scenarios, machine, node, version, seed }: Report): Markup {
  return html`<footer>
    <p>${describeLag(scenarios)} ${machine}, Node ${node}, graceful-probe ${version}, seed ${seed}.</p>
    <ul class="legend">
      ${outcomes.map(
        (outcome) =>
          html`<li><i class="of-${outcome}"></i>${outcomeNames[outcome]}: ${outcomeMeanings[outcome]}</li>`,
      )}
    </ul>
  </footer>`;
}

function describeLag(scenarios: readonly ScenarioResult[]): string {
  const lags = scenarios.flatMap(({ rounds }) => rounds.map(({ lag }) => lag));
  const p99 = Math.max(0, ...lags.map((lag) => lag.p99));
  const max = Math.max(0, ...lags.map((lag) => lag.max));
  return `The probe’s own timers were late by ${formatTime(p99)} (99 %), at most ${formatTime(max)}: no time here is finer.`;
}
