import { silentEvents, type Reporter } from './reporter.ts';
import { createTerminalReporter, type TerminalOptions } from './terminal.ts';

export type ReporterName = 'terminal' | 'json';

type Create = (options: TerminalOptions) => Reporter;

const reporters: Readonly<Record<ReporterName, Create>> = {
  terminal: createTerminalReporter,
  json: () => ({ events: silentEvents, render: (report) => `${JSON.stringify(report, null, 2)}\n` }),
};

export const reporterNames: readonly ReporterName[] = Object.keys(reporters) as ReporterName[];

export function createReporter(name: ReporterName, options: TerminalOptions): Reporter {
  return reporters[name](options);
}
