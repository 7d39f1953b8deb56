import { writeFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { ProbeError } from '../errors.ts';
import { probe, type ProbeSettings } from '../probe.ts';
import { createReporter } from '../report/all.ts';
import { createReport } from '../report/report.ts';
import { scenarios } from '../scenarios/all.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { createProgram, type CliOptions } from './options.ts';

/** Exit codes of `graceful-probe`. */
export const exitCodes = { passed: 0, failed: 1, usage: 2, inconclusive: 3 } as const;

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
  const settings = toSettings(command, options);
  const colours =
    options.color && (process.stdout.isTTY || 'FORCE_COLOR' in process.env) && !process.env['NO_COLOR'];
  const title =
    settings.pid === undefined ? command.join(' ') : `process ${settings.pid} at ${settings.url ?? ''}`;
  const reporter = createReporter(options.reporter, {
    title,
    signal: settings.signal,
    rounds: settings.rounds,
    scenarios: settings.scenarios.map(({ name }) => name),
    colours,
    live: process.stdout.isTTY ? process.stdout : undefined,
  });
  const startedAt = new Date();
  let url = settings.url ?? '';
  const results = await probe(settings, {
    ...reporter.events,
    surveyed(target) {
      url = target;
      reporter.events.surveyed(target);
    },
  });
  const report = createReport(settings, url, startedAt, results);
  process.stdout.write(reporter.render(report));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report)}\n`);
  return exitCodes[report.verdict];
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
