import type { ScenarioResult } from '../run/probe.ts';
import { escapeMarkup } from './markup.ts';
import type { Report } from './report.ts';

/** The XML that CI servers read: a test case for each scenario. */
export function renderJunit({ scenarios, startedAt }: Report): string {
  const count = (status: ScenarioResult['status']): number =>
    scenarios.filter((scenario) => scenario.status === status).length;
  const totals =
    `tests="${scenarios.length}" failures="${count('failed')}" errors="${count('inconclusive')}" ` +
    `skipped="${count('not-applicable')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="graceful-probe" ${totals}>`,
    `  <testsuite name="graceful-probe" ${totals} timestamp="${startedAt}">`,
    ...scenarios.map(renderCase),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

const elements = { failed: 'failure', inconclusive: 'error', 'not-applicable': 'skipped' } as const;

function renderCase({ name, status, reasons, advice, rounds }: ScenarioResult): string {
  const time = rounds.reduce((sum, { signalToExit }) => sum + signalToExit, 0) / 1_000;
  const open = `    <testcase classname="graceful-probe" name="${name}" time="${time.toFixed(3)}"`;
  if (status === 'passed') return `${open}/>`;
  const message = escapeMarkup(reasons.join('; '));
  // JUnit knows no warning: a case that passes, with words.
  if (status === 'warning') return `${open}>\n      <system-out>${message}</system-out>\n    </testcase>`;
  const text = escapeMarkup(advice.join('\n'));
  return `${open}>\n      <${elements[status]} message="${message}">${text}</${elements[status]}>\n    </testcase>`;
}
