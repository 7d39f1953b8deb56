import { renderGithub } from './github.ts';
import { renderJunit } from './junit.ts';
import type { Report } from './report.ts';
import type { TableOptions } from './table.ts';
import { renderTap } from './tap.ts';
import { renderTerminal } from './terminal.ts';

export type ReporterName = 'terminal' | 'json' | 'tap' | 'junit' | 'github';

/** What is printed at the end, by the name of the reporter. */
export const reporters: Readonly<Record<ReporterName, (report: Report, options: TableOptions) => string>> = {
  terminal: renderTerminal,
  json: (report) => `${JSON.stringify(report, null, 2)}\n`,
  tap: renderTap,
  junit: renderJunit,
  github: renderGithub,
};

export const reporterNames: readonly ReporterName[] = Object.keys(reporters) as ReporterName[];
