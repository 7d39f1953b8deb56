import { writeFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { ProbeError } from '../errors.ts';
import { probe, type ScenarioResult } from '../run/probe.ts';
import type { ProbeSettings } from '../run/settings.ts';
import { createReporter } from '../report/all.ts';
import { readReport, renderComparison } from '../report/compare.ts';
import { renderPage } from '../report/html.ts';
import { createReport } from '../report/report.ts';
import { scenarios } from '../scenarios/all.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { createProgram, type CliOptions } from './options.ts';

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
  for (const file of [options.json, options.html]) if (file !== undefined) write(file, '');
  const reporter = createReporter(options.reporter, {
    title: settings.pid === undefined ? command.join(' ') : `process ${settings.pid} at ${settings.url}`,
    signal: settings.signal,
    rounds: settings.rounds,
    scenarios: settings.scenarios.map(({ name }) => name),
    colours,
    width: process.stdout.columns,
    live: process.stdout.isTTY ? process.stdout : undefined,
  });
  const startedAt = new Date();
  let url = settings.url ?? '';
  const surveyed = (found: string): void => {
    url = found;
    reporter.events.surveyed(found);
  };
  let results: ScenarioResult[];
  try {
    results = await probe(settings, { ...reporter.events, surveyed });
  } finally {
    reporter.clear?.();
  }
  const report = createReport(settings, url, startedAt, results);
  if (options.json !== undefined) write(options.json, `${JSON.stringify(report)}\n`);
  if (options.html !== undefined) write(options.html, renderPage(report));
  process.stdout.write(reporter.render(report));
  return exitCodes[report.verdict];
}

/** The exit code is about the second. */
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

function toSettings(command: readonly string[], options: CliOptions): ProbeSettings {
  const { pid, url } = options;
  if (command.length === 0 && pid === undefined) {
    throw invalid('give the command that starts the server, as in: graceful-probe -- node server.js');
  }
  if (command.length > 0 && pid !== undefined) throw invalid('give either a command or --pid');
  if (pid !== undefined && url === undefined)
    throw invalid('--pid needs --url: where does the server listen?');
  return {
    command,
    pid,
    url,
    signal: options.signal,
    group: options.group,
    after: options.after,
    startTimeout: options.startTimeout,
    exitTimeout: options.exitTimeout,
    rounds: options.rounds,
    together: options.together,
    scenarios: scenarios.filter((scenario) => isChosen(scenario, options)),
    stage: { rtt: options.rtt, rolling: options.rolling ?? 'proxy' },
    load: {
      newConnection: options.clients,
      keepAlive: options.clients,
      hungAfter: options.hungAfter,
      path: options.path,
      slowPath: options.slowPath,
      uploadPath: options.uploadPath ?? options.path,
      eventsPath: options.ssePath,
      webSocketPath: options.wsPath ?? options.path,
      seed: options.seed,
    },
  };
}

function isChosen({ name, handsOver }: Scenario, { scenario: names, rolling }: CliOptions): boolean {
  if (handsOver && rolling) return true;
  return names ? names.includes(name) : !handsOver;
}

function invalid(message: string): ProbeError {
  return new ProbeError('ERR_PROBE_INVALID_OPTION', message);
}
