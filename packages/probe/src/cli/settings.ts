import { ProbeError } from '../errors.ts';
import type { ProbeSettings } from '../run/settings.ts';
import { scenarios } from '../scenarios/all.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { CliOptions } from './options.ts';

/** @throws ERR_PROBE_INVALID_OPTION for options that do not go together */
export function toSettings(command: readonly string[], options: CliOptions): ProbeSettings {
  checkServer(command, options);
  return {
    command,
    pid: options.pid,
    url: options.url,
    signal: options.signal,
    group: options.group,
    stopCommand: options.stopCommand,
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
      headers: options.header,
      allow4xx: options.allow4xx,
      seed: options.seed,
    },
  };
}

function checkServer(command: readonly string[], { pid, url, stopCommand, group }: CliOptions): void {
  if (command.length > 0 && pid !== undefined) throw invalid('give either a command or --pid');
  if (pid !== undefined && url === undefined)
    throw invalid('--pid needs --url: where does the server listen?');
  if (group && stopCommand !== undefined)
    throw invalid('--group is about a signal, and --stop-command stops the server instead');
  if (command.length > 0 || pid !== undefined) return;
  if (stopCommand === undefined) {
    throw invalid('give the command that starts the server, as in: graceful-probe -- node server.js');
  }
  if (url === undefined) throw invalid('--stop-command without a command to start needs --url');
}

function isChosen({ name, handsOver }: Scenario, { scenario: names, rolling }: CliOptions): boolean {
  if (handsOver && rolling) return true;
  return names ? names.includes(name) : !handsOver;
}

export function invalid(message: string): ProbeError {
  return new ProbeError('ERR_PROBE_INVALID_OPTION', message);
}
