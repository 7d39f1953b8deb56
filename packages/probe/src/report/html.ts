import { formatCount, formatTime, median } from '../measure/numbers.ts';
import {
  countAttempts,
  countLost,
  isLost,
  outcomeNames,
  outcomes,
  sumCounts,
  type Counts,
} from '../measure/outcome.ts';
import type { Latency } from '../measure/latency.ts';
import type { ScenarioResult } from '../run/probe.ts';
import { serverName } from '../run/settings.ts';
import type { Round } from '../stop/round.ts';
import { describeExit } from '../server/server.ts';
import { html, raw, type Markup } from './markup.ts';
import { renderPicture } from './picture.ts';
import type { Report } from './report.ts';
import { style } from './style.ts';
import { outcomeMeanings, statusMarks, statusNames } from './words.ts';

/** One page that needs nothing else: no script, no font, no picture from anywhere. */
export function renderPage(report: Report): string {
  const { scenarios, verdict } = report;
  const counts = sumCounts(scenarios.flatMap((scenario) => scenario.rounds));
  const what = serverName({ ...report, pid: report.pid ?? undefined });
  const run = scenarios.filter(({ rounds }) => rounds.length > 0);
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>graceful-probe: ${what}</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <span class="badge ${verdict}">${statusNames[verdict]}</span>
            <h1>${headline(counts)}</h1>
            <code class="command">${what}</code>
            <ul class="facts soft">
              <li>
                ${report.stopCommand ?? report.signal}${report.group ? ' to the process group' : ''} after
                ${formatTime(report.after)} under load
              </li>
              <li>${report.rounds === 1 ? 'one round' : `${report.rounds} rounds`} per scenario</li>
              <li>${report.url}</li>
              <li>${report.startedAt.replace('T', ' ').slice(0, 16)} UTC</li>
            </ul>
          </header>
          ${renderSummary(scenarios)} ${run.map(renderScenario)}
          <footer>
            <p>
              ${describeLag(scenarios)} ${report.machine}, Node ${report.node}, graceful-probe
              ${report.version}, seed ${report.seed}.
            </p>
            <ul class="legend">
              ${outcomes.map(
                (outcome) =>
                  html`<li>
                    <i class="of-${outcome}"></i>${outcomeNames[outcome]}: ${outcomeMeanings[outcome]}
                  </li>`,
              )}
            </ul>
          </footer>
        </main>
      </body>
    </html> `;
  return `${page.markup.trim()}\n`;
}

function headline(counts: Counts): string {
  const lost = countLost(counts);
  const all = formatCount(countAttempts(counts));
  return lost === 0 ? `Lost none of ${all} requests` : `Lost ${formatCount(lost)} of ${all} requests`;
}

function renderSummary(scenarios: readonly ScenarioResult[]): Markup {
  const titles = [
    'lost',
    'answered',
    'refused',
    'reset',
    'empty reply',
    'cut',
    '5xx',
    'hung',
    'signal → refused',
    'signal → exit',
  ];
  const run = scenarios.filter(({ rounds }) => rounds.length > 0);
  const others = scenarios.filter(({ rounds }) => rounds.length === 0);
  return html`<div class="scroll">
      <table>
        <thead>
          <tr>
            <th>scenario</th>
            ${titles.map((title) => html`<th>${title}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${run.map(renderSummaryRow)}
        </tbody>
      </table>
    </div>
    ${others.length > 0 ? html`<p class="soft">Not applicable, and so neither passed nor failed:</p>` : undefined}
    <ul class="others soft">
      ${others.map(({ name, reasons }) => html`<li><b>${name}</b> ${reasons.join()}</li>`)}
    </ul>`;
}

function renderSummaryRow({ name, status, rounds }: ScenarioResult): Markup {
  const counts = sumCounts(rounds);
  const losses = [
    counts.reset + counts['reset-before-accept'],
    counts.empty,
    counts.cut,
    counts.unavailable,
    counts.hung,
  ];
  return html`<tr>
    <td><span class="tick ${status}">${statusMarks[status]}</span><a href="#${name}">${name}</a></td>
    ${lossCell(countLost(counts))}
    <td>${formatCount(counts.answered)}</td>
    <td>${formatCount(counts.refused)}</td>
    ${losses.map(lossCell)}
    <td>${medianTime(rounds.map((round) => round.signalToRefused))}</td>
    <td>${medianTime(rounds.map((round) => round.signalToExit))}</td>
  </tr>`;
}

function lossCell(count: number): Markup {
  return html`<td class="${count > 0 ? 'loss' : 'zero'}">${formatCount(count)}</td>`;
}

function renderScenario(result: ScenarioResult): Markup {
  const { name, title, description, status, rounds, reasons, notes, advice } = result;
  const counts = sumCounts(rounds);
  const worst = rounds.toSorted((a, b) => countLost(b.counts) - countLost(a.counts))[0] as Round;
  const reason = status === 'failed' ? 'reason' : 'unsure-reason';
  return html`<section id="${name}">
    <div class="title">
      <h2>${title}</h2>
      <span class="badge ${status}">${statusNames[status]}</span>
    </div>
    <p class="soft">${description}</p>
    ${reasons.map((text) => html`<p class="${reason}">${capitalize(text)}.</p>`)}
    ${notes.map((text) => html`<p>${capitalize(text)}.</p>`)} ${renderCounts(counts)} ${renderPicture(worst)}
    ${rounds.length > 1 ? html`<p class="soft">Round ${rounds.indexOf(worst) + 1} of ${rounds.length}, the one that lost most.</p>` : undefined}
    ${renderLatency(worst)} ${advice.map((text) => html`<div class="fix"><b>What to fix</b>${text}</div>`)}
  </section>`;
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

function renderLatency({ latency, exit, signalToExit, killed }: Round): Markup {
  const row = (name: string, { count, p50, p99, max }: Latency): Markup =>
    html`<tr>
      <td>${name}</td>
      <td>${formatCount(count)}</td>
      ${[p50, p99, max].map((time) => html`<td>${time === null ? '–' : formatTime(time)}</td>`)}
    </tr>`;
  const end = killed
    ? `killed after ${formatTime(signalToExit)}`
    : `${describeExit(exit)} after ${formatTime(signalToExit)}`;
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
    </table>
    <p class="soft">The process ended: ${end}.</p>`;
}

function medianTime(times: readonly (number | null)[]): string {
  const time = median(times.filter((value) => value !== null));
  return time === undefined ? '–' : formatTime(time);
}

function describeLag(scenarios: readonly ScenarioResult[]): string {
  const lags = scenarios.flatMap(({ rounds }) => rounds.map(({ lag }) => lag));
  const p99 = Math.max(0, ...lags.map((lag) => lag.p99));
  const max = Math.max(0, ...lags.map((lag) => lag.max));
  return `The probe’s own timers were late by ${formatTime(p99)} (99 %), at most ${formatTime(max)}: no time here is finer.`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
