import { constants } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readVersion } from '../report/report.ts';
import { reporterNames, type ReporterName } from '../report/all.ts';
import { scenarios } from '../scenarios/all.ts';

/** What was given on the command line. Times are milliseconds. */
export interface CliOptions {
  readonly url?: string;
  readonly pid?: number;
  readonly signal: NodeJS.Signals;
  readonly group: boolean;
  readonly after: number;
  readonly scenario?: readonly string[];
  readonly rtt: number;
  readonly rolling?: 'proxy' | 'reuse-port';
  readonly together: boolean;
  readonly rounds: number;
  readonly seed: number;
  readonly clients: number;
  readonly hungAfter: number;
  readonly path: string;
  readonly slowPath: string;
  readonly uploadPath?: string;
  readonly ssePath: string;
  readonly wsPath?: string;
  readonly startTimeout: number;
  readonly exitTimeout: number;
  readonly json?: string;
  readonly html?: string;
  readonly reporter: ReporterName;
  readonly compare?: readonly string[];
  readonly color: boolean;
}

export function createProgram(): Command {
  return new Command('graceful-probe')
    .description(
      'What does this server lose when it stops? Starts it, puts load on it, signals it, and accounts for every ' +
        'single connection and request.',
    )
    .usage('[options] -- <command...>')
    .argument('[command...]', 'starts the server; it gets a free port in PORT')
    .passThroughOptions()
    .version(readVersion(), '-V, --version')
    .optionsGroup('Which server')
    .option(
      '--url <url>',
      'where it listens: http://host:port, https://host:port or unix:/path (default: found out)',
    )
    .option(
      '--pid <pid>',
      'a server that already runs, with --url: stopped once, all scenarios at a time',
      integer(1),
    )
    .option('--start-timeout <ms>', 'until it must listen', integer(1), 10_000)
    .optionsGroup('How it is stopped')
    .option('--signal <name>', 'the signal it gets', signalName, 'SIGTERM')
    .option('--group', 'signal its whole process group, as a terminal or systemd does', false)
    .option('--after <ms>', 'time under load before the signal', integer(0), 700)
    .option(
      '--exit-timeout <ms>',
      'after the signal; then it is killed, and has failed',
      integer(1_000),
      10_000,
    )
    .optionsGroup('What its clients do')
    .option('--scenario <names>', `some of ${listNames()} (default: all)`, scenarioNames)
    .option('--rtt <ms>', 'round-trip time of the clients of mid-handshake', integer(1, 2_000), 100)
    .addOption(
      new Option(
        '--rolling [how]',
        'adds the scenario rolling: a second instance takes over, behind a proxy or on the same port',
      )
        .choices(['proxy', 'reuse-port'])
        .preset('proxy'),
    )
    .option('--together', 'all scenarios at the same time, in one stop', false)
    .option('--rounds <n>', 'stops per scenario', integer(1), 1)
    .option('--seed <n>', 'decides all that is random', integer(0), 1)
    .option('--clients <n>', 'for each of new-connection and keep-alive', integer(1, 2_000), 64)
    .option('--hung-after <ms>', 'without any outcome by then, an attempt has hung', integer(100), 8_000)
    .option('--path <path>', 'what is requested', urlPath, '/')
    .option('--slow-path <path>', 'something that takes its time', urlPath, '/slow?ms=800')
    .option('--upload-path <path>', 'what takes a POST (default: --path)', urlPath)
    .option('--sse-path <path>', 'an event stream', urlPath, '/events')
    .option('--ws-path <path>', 'a WebSocket (default: --path, then some usual ones)', urlPath)
    .optionsGroup('What comes out')
    .option('--json <file>', 'writes everything')
    .option('--html <file>', 'writes one page with timelines')
    .addOption(new Option('--reporter <name>', 'what is printed').choices(reporterNames).default('terminal'))
    .option('--compare <files...>', 'two files of --json, side by side; no server is started')
    .option('--no-color', 'no colours')
    .addHelpText(
      'after',
      `
Exit codes:
  0  nothing was lost
  1  something was, or the server did not end
  2  bad command line
  3  not measured: the server did not start, or the load was not such that it says anything

Examples:
  graceful-probe -- node server.js
  graceful-probe --scenario new-connection,keep-alive --rounds 5 --html report.html -- node server.js
  graceful-probe --url http://127.0.0.1:8080 --signal SIGQUIT -- nginx -g 'daemon off;'
  graceful-probe --pid 4711 --url http://127.0.0.1:3000`,
    )
    .exitOverride();
}

function listNames(): string {
  return scenarios.map(({ name }) => name).join(', ');
}

function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most && text.trim() !== '') return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `>= ${least}` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

function signalName(text: string): NodeJS.Signals {
  const name = text.toUpperCase().startsWith('SIG') ? text.toUpperCase() : `SIG${text.toUpperCase()}`;
  if (name in constants.signals) return name as NodeJS.Signals;
  throw new InvalidArgumentError('Expected the name of a signal, as SIGTERM.');
}

function urlPath(text: string): string {
  if (/^\/[!-~]*$/.test(text)) return text;
  throw new InvalidArgumentError('Expected a path that begins with / and has no spaces.');
}

function scenarioNames(text: string, before: readonly string[] = []): string[] {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!scenarios.some((scenario) => scenario.name === name)) {
      throw new InvalidArgumentError(`There is no '${name}'. There are ${listNames()}.`);
    }
  }
  return [...before, ...names];
}
