import { countAttempts, countLost, sumCounts } from '../measure/outcome.ts';
import type { Report } from './report.ts';

/** Test Anything Protocol, version 14: a test point for each scenario. */
export function renderTap({ scenarios }: Report): string {
  const points = scenarios.map((scenario, index) => {
    const { name, status, reasons, notes, advice, rounds } = scenario;
    const number = index + 1;
    if (status === 'not-applicable') return `ok ${number} - ${name} # SKIP ${escape(reasons.join('; '))}`;
    const ok = status === 'passed' || status === 'warning';
    if (status === 'passed') return `ok ${number} - ${name}`;
    const counts = sumCounts(rounds);
    const facts = {
      status,
      reasons,
      notes,
      advice,
      lost: countLost(counts),
      attempts: countAttempts(counts),
      counts,
    };
    // A JSON value is a YAML value, too.
    const lines = Object.entries(facts).map(([key, value]) => `  ${key}: ${JSON.stringify(value)}`);
    return [`${ok ? 'ok' : 'not ok'} ${number} - ${name}`, '  ---', ...lines, '  ...'].join('\n');
  });
  return ['TAP version 14', `1..${scenarios.length}`, ...points, ''].join('\n');
}

function escape(text: string): string {
  return text.replaceAll(/[#\\]/g, (character) => `\\${character}`);
}
