import { renderGithub } from './github.ts';
import { renderJunit } from './junit.ts';
import type { Report } from './report.ts';
import { silentEvents, type Reporter } from './reporter.ts';
import { renderTap } from './tap.ts';
import { createTerminalReporter, type TerminalOptions } from './terminal.ts';

export type ReporterName = 'terminal' | 'json' | 'tap' | 'junit' | 'github';

type Create = (options: TerminalOptions) => Reporter;

const reporters: Readonly<Record<ReporterName, Create>> = {
  terminal: createTerminalReporter,
  json: atTheEnd((report) => `${JSON.stringify(report, null, 2)}\n`),
  tap: atTheEnd(renderTap),
  junit: atTheEnd(renderJunit),
  github: atTheEnd(renderGithub),
};

export const reporterNames: readonly ReporterName[] = Object.keys(reporters) as ReporterName[];

export function createReporter(name: ReporterName, options: TerminalOptions): Reporter {
  return reporters[name](options);
}

/** Says nothing before. */
function atTheEnd(render: (report: Report) => string): Create {
  return () => ({ events: silentEvents, render });
}
