import { appendFileSync } from 'node:fs';
import { formatCount, formatTime, median } from '../measure/numbers.ts';
import { countAttempts, countLost, sumCounts } from '../measure/outcome.ts';
import type { ScenarioResult } from '../run/probe.ts';
import type { Report } from './report.ts';
import { renderReport } from './terminal.ts';
import { statusMarks } from './words.ts';

/** For GitHub Actions: annotations, the table in the log, and another one in the summary of the job. */
export function renderGithub(report: Report): string {
  const summary = process.env['GITHUB_STEP_SUMMARY'];
  if (summary !== undefined) appendFileSync(summary, renderMarkdown(report));
  const annotations = report.scenarios.flatMap(({ name, status, reasons, advice }) => {
    if (status === 'passed' || status === 'not-applicable') return [];
    const level = status === 'failed' ? 'error' : 'warning';
    return [`::${level} title=graceful-probe, ${name}::${escape([...reasons, ...advice].join('\n'))}`];
  });
  return [renderReport(report, false), ...annotations, ''].join('\n');
}

/** The summary of a job. */
export function renderMarkdown({ scenarios, verdict, command, url }: Report): string {
  const counts = sumCounts(scenarios.flatMap((scenario) => scenario.rounds));
  const sentence = `${formatCount(countLost(counts))} of ${formatCount(countAttempts(counts))} lost`;
  return [
    `### graceful-probe: ${verdict}, ${sentence}`,
    '',
    `\`${command.join(' ').replaceAll('`', "'") || url}\``,
    '',
    '| scenario | | answered | refused | lost | signal → exit | |',
    '| --- | --- | ---: | ---: | ---: | ---: | --- |',
    ...scenarios.map(renderRow),
    '',
    '',
  ].join('\n');
}

function renderRow({ name, status, rounds, reasons }: ScenarioResult): string {
  const counts = sumCounts(rounds);
  const exit = median(rounds.map(({ signalToExit }) => signalToExit));
  const numbers =
    rounds.length === 0
      ? ['', '', '', '']
      : [
          formatCount(counts.answered),
          formatCount(counts.refused),
          formatCount(countLost(counts)),
          exit === undefined ? '' : formatTime(exit),
        ];
  const cells = [name, statusMarks[status], ...numbers, reasons.join('; ').replaceAll('|', '\\|')];
  return `| ${cells.join(' | ')} |`;
}

/** As workflow commands want it. */
function escape(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
