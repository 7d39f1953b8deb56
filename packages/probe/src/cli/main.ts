import { writeFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { ProbeError } from '../errors.ts';
import { reporters } from '../report/all.ts';
import { readReport, renderComparison } from '../report/compare.ts';
import { renderPage } from '../report/html/page.ts';
import { renderJunit } from '../report/junit.ts';
import { createLiveProgress } from '../report/live.ts';
import { createLineProgress, type ProgressOptions, type ProgressView } from '../report/progress.ts';
import { createReport, type Report } from '../report/report.ts';
import type { TableOptions } from '../report/table.ts';
import { renderTap } from '../report/tap.ts';
import { probe, type Found, type ProbeEvents, type ScenarioResult } from '../run/probe.ts';
import { serverName, type ProbeSettings } from '../run/settings.ts';
import { describeStop } from '../stop/stop.ts';
import { createProgram, type CliOptions } from './options.ts';
import { invalid, toSettings } from './settings.ts';

/** Exit codes of `graceful-probe`. */
export const exitCodes = { passed: 0, warning: 0, failed: 1, usage: 2, inconclusive: 3 } as const;

/** Runs the command line; resolves with the exit code. Rejects only for a bug. */
export async function main(args: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    program.parse(args, { from: 'user' });
    return await run(program.args, program.opts<CliOptions>());
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
    if (!(error instanceof ProbeError)) throw error;
    console.error(`graceful-probe: ${error.message.trimEnd()}`);
    return error.code === 'ERR_PROBE_INVALID_OPTION' || error.code === 'ERR_PROBE_NOT_LOOPBACK'
      ? exitCodes.usage
      : exitCodes.inconclusive;
  }
}

async function run(command: readonly string[], options: CliOptions): Promise<number> {
  const colours =
    options.color && (process.stdout.isTTY || 'FORCE_COLOR' in process.env) && !process.env['NO_COLOR'];
  // All words that follow --compare are files to commander.
  if (options.compare) return compare([...options.compare, ...command], colours);

  const settings = toSettings(command, options);
  // Files that cannot be written are reported before the work, not after it.
  for (const { file } of outputs) if (options[file] !== undefined) write(options[file], '');
  const table = { colours, width: process.stdout.columns || undefined };
  const progress = showProgress(settings, options, table);
  const startedAt = new Date();
  let server: Pick<Found, 'url' | 'runtime'> = { url: settings.url ?? '', runtime: null };
  const surveyed: ProbeEvents['surveyed'] = (found) => {
    server = found;
    progress.events.surveyed(found);
  };
  let results: ScenarioResult[];
  try {
    results = await probe(settings, { ...progress.events, surveyed });
  } finally {
    progress.clear();
  }
  const report = createReport(settings, server, startedAt, results);
  for (const { file, render } of outputs)
    if (options[file] !== undefined) write(options[file], render(report));
  process.stdout.write(reporters[options.reporter](report, table));
  return exitCodes[report.verdict];
}

/** Files that are written besides what is printed. */
const outputs: readonly {
  readonly file: 'json' | 'html' | 'junit' | 'tap';
  readonly render: (report: Report) => string;
}[] = [
  { file: 'json', render: (report) => `${JSON.stringify(report)}\n` },
  { file: 'html', render: renderPage },
  { file: 'junit', render: renderJunit },
  { file: 'tap', render: renderTap },
];

/** In place on a terminal; otherwise in lines on standard error, so that standard output has the report alone. */
function showProgress(settings: ProbeSettings, { reporter }: CliOptions, table: TableOptions): ProgressView {
  const options: ProgressOptions = {
    title: serverName(settings),
    stop: describeStop({ ...settings, stopCommand: settings.stopCommand ?? null }),
    rounds: settings.rounds,
    scenarios: settings.scenarios.map(({ name }) => name),
    colours: table.colours,
    width: table.width,
  };
  // A terminal of no size, as `script` and some CI systems make, shows nothing in place.
  const inPlace = reporter === 'terminal' && process.stdout.isTTY && process.stdout.rows > 0;
  if (inPlace) return createLiveProgress(options, process.stdout);
  return createLineProgress(options, (line) => process.stderr.write(`${line}\n`));
}

/** Prints two reports side by side. The exit code is that of the second. */
function compare(files: readonly string[], colours: boolean): number {
  const [first, second] = files;
  if (first === undefined || second === undefined || files.length > 2)
    throw invalid('--compare takes two files of --json');
  const [a, b] = [readReport(first), readReport(second)];
  process.stdout.write(renderComparison(a, b, colours));
  return exitCodes[b.verdict];
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw invalid(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
