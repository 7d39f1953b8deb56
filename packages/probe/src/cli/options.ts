import { Command, Option } from 'commander';
import { readVersion } from '../report/report.ts';
import { reporterNames, type ReporterName } from '../report/all.ts';
import { explainUsage } from './hints.ts';
import {
  duration,
  header,
  integer,
  listScenarios,
  milliseconds,
  scenarioNames,
  signalName,
  urlPath,
} from './values.ts';

/** What was given on the command line. Times are milliseconds. */
export interface CliOptions {
  readonly url?: string;
  readonly pid?: number;
  readonly signal: NodeJS.Signals;
  readonly group: boolean;
  readonly stopCommand?: string;
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
  readonly header: readonly string[];
  readonly allow4xx: boolean;
  readonly startTimeout: number;
  readonly exitTimeout: number;
  readonly json?: string;
  readonly html?: string;
  readonly junit?: string;
  readonly tap?: string;
  readonly reporter: ReporterName;
  readonly compare?: readonly string[];
  readonly color: boolean;
}

export function createProgram(): Command {
  const program = new Command('graceful-probe')
    .description(
      'What does this server lose when it stops? Starts it, puts load on it, signals it, and accounts for every ' +
        'single connection and request.',
    )
    .usage('[options] -- <command...>')
    .argument('[command...]', 'starts the server; it gets a free port in PORT')
    .passThroughOptions()
    .configureOutput({ outputError: (text, write) => write(explainUsage(text)) })
    .version(readVersion(), '-V, --version')
    .addHelpText('after', examples)
    .showSuggestionAfterError()
    .exitOverride();
  addServerOptions(program.optionsGroup('Which server'));
  addStopOptions(program.optionsGroup('How it is stopped'));
  addLoadOptions(program.optionsGroup('What its clients do'));
  addReportOptions(program.optionsGroup('What is reported'));
  return program;
}

function addServerOptions(program: Command): void {
  program
    .option(
      '--url <url>',
      'where it listens: http://host:port, https://host:port or unix:/path (default: found out)',
    )
    .option(
      '--pid <pid>',
      'a server that already runs, with --url: stopped once, all scenarios at a time',
      integer(1),
    )
    .option('--start-timeout <ms>', 'until it must listen', milliseconds(1), 10_000);
}

function addStopOptions(program: Command): void {
  program
    .option('--signal <name>', 'the signal it gets', signalName, 'SIGTERM')
    .option('--group', 'signal its whole process group, as a terminal or systemd does', false)
    .option(
      '--stop-command <command>',
      'a shell command that stops the server instead, as docker stop web; with --url for one that already runs',
    )
    .option('-d, --after <ms>', 'time under load before the signal', duration, 700)
    .option(
      '--exit-timeout <ms>',
      'after the signal; then it is killed, and has failed',
      milliseconds(1_000),
      10_000,
    );
}

function addLoadOptions(program: Command): void {
  program
    .option('--scenario <names>', `some of ${listScenarios()} (default: all)`, scenarioNames)
    .option('--rtt <ms>', 'round-trip time of the clients of mid-handshake', milliseconds(1, 2_000), 100)
    .addOption(
      new Option(
        '--rolling [how]',
        'adds the scenario rolling: a second instance takes over, behind a proxy or on the same port',
      )
        .choices(['proxy', 'reuse-port'])
        .preset('proxy'),
    )
    .option('--together', 'all scenarios at the same time, in one stop: a few seconds', false)
    .option('--rounds <n>', 'stops per scenario', integer(1), 1)
    .option('--seed <n>', 'decides all that is random', integer(0), 1)
    .option('-c, --clients <n>', 'for each of new-connection and keep-alive', integer(1, 2_000), 64)
    .option('--hung-after <ms>', 'without any outcome by then, an attempt has hung', milliseconds(100), 8_000)
    .option('--path <path>', 'what is requested', urlPath, '/')
    .option('--slow-path <path>', 'something that takes its time', urlPath, '/slow?ms=800')
    .option('--upload-path <path>', 'what takes a POST (default: --path)', urlPath)
    .option('--sse-path <path>', 'an event stream', urlPath, '/events')
    .option('--ws-path <path>', 'a WebSocket (default: --path, then some usual ones)', urlPath)
    .addOption(
      new Option('-H, --header <name: value>', 'sent with every request; may be given several times')
        .argParser(header)
        .default([], 'none'),
    )
    .option('--allow-4xx', 'takes a 4xx for an answer', false);
}

function addReportOptions(program: Command): void {
  program
    .option('--json <file>', 'writes everything')
    .option('--html <file>', 'writes one page with timelines')
    .option('--junit <file>', 'writes JUnit XML, besides what is printed')
    .option('--tap <file>', 'writes TAP, besides what is printed')
    .addOption(new Option('--reporter <name>', 'what is printed').choices(reporterNames).default('terminal'))
    .option('--compare <files...>', 'two files of --json, side by side; no server is started')
    .option('--no-color', 'no colours');
}

const examples = `
All times are in milliseconds; 5s and 500ms are understood.

Exit codes:
  0  nothing was lost
  1  something was, or the server did not end
  2  bad command line
  3  not measured: the server did not start or is not healthy, or the load says nothing

Examples:
  graceful-probe -- node server.js
  graceful-probe --together -- node server.js
  graceful-probe --scenario new-connection,keep-alive --rounds 5 --html report.html -- node server.js
  graceful-probe --url http://127.0.0.1:8080 --signal SIGQUIT -- nginx -g 'daemon off;'
  graceful-probe --pid 4711 --url http://127.0.0.1:3000
  graceful-probe --url http://127.0.0.1:3000 --stop-command 'docker stop web'

Without an installation: npx @graceful-cluster/probe -- node server.js`;
