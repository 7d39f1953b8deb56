import { availableParallelism } from 'node:os';
import { expected, GracefulError } from '../../api/errors.ts';
import { checkOptionNames } from '../../api/option-names.ts';
import { checkSignals } from '../../api/option-values.ts';
import { optionNames, type CoordinatorOptions } from '../../api/options.ts';
import { nodeCluster } from '../../process/node-cluster.ts';

/** Options of `superviseCluster`. All times are in milliseconds. */
export interface SupervisorOptions extends CoordinatorOptions {
  /**
   * Workers to fork and to keep; `'auto'` for as many as the machine can run at a time (`os.availableParallelism()`).
   * Without it the supervisor looks after those that the program forks itself.
   * @defaultValue none
   */
  readonly workers?: number | 'auto' | undefined;
  /**
   * A signal that begins a reload; `'SIGHUP'` is the usual choice.
   * @defaultValue none
   */
  readonly reloadSignal?: NodeJS.Signals | undefined;
  /**
   * Workers replaced at a time.
   * @defaultValue 1
   */
  readonly reloadConcurrency?: number | undefined;
  /**
   * Whether idle connections of a worker that leaves while the cluster goes on are dealt to others instead of being
   * closed, so that their clients notice nothing: plain HTTP/1 under round robin, unless the application keeps
   * something on the socket (listeners, properties).
   * @defaultValue true
   */
  readonly handBack?: boolean | undefined;
  /**
   * Longest wait in milliseconds for a new worker to get ready during a reload.
   * @defaultValue 30000
   */
  readonly readyTimeout?: number | undefined;
  /**
   * Workers in a row that died before they were ready, or within a second of it, after which the cluster stops with
   * code 1. Until then the wait before each new worker doubles, from 100 ms to 5 s.
   * @defaultValue 10
   */
  readonly crashLimit?: number | undefined;
}

export interface Supervision {
  readonly workers: number | undefined;
  readonly reloadSignal: NodeJS.Signals | undefined;
  readonly reloadConcurrency: number;
  readonly readyTimeout: number;
  readonly handBack: boolean;
  readonly crashLimit: number;
}

const supervisorNames = [
  'workers',
  'reloadSignal',
  'reloadConcurrency',
  'readyTimeout',
  'crashLimit',
  'handBack',
];

/** @throws ERR_GRACEFUL_INVALID_OPTION, ERR_GRACEFUL_NOT_PRIMARY */
export function resolveSupervisorOptions(options: SupervisorOptions): {
  readonly supervision: Supervision;
  readonly rest: CoordinatorOptions;
} {
  if (!nodeCluster().isPrimary) {
    throw new GracefulError(
      'ERR_GRACEFUL_NOT_PRIMARY',
      'superviseCluster() is for the primary, this is a worker',
    );
  }
  const instead = 'superviseCluster() in the primary, and createCoordinator().attach(server) in each worker';
  checkOptionNames(options, [...supervisorNames, ...optionNames], instead);
  const {
    workers: wanted,
    reloadSignal,
    reloadConcurrency = 1,
    readyTimeout = 30_000,
    crashLimit = 10,
    handBack = true,
    ...rest
  } = options;
  const workers = wanted === 'auto' ? availableParallelism() : wanted;
  if (workers !== undefined) checkCount('workers', workers, "a whole number > 0 or 'auto'");
  checkCount('reloadConcurrency', reloadConcurrency);
  checkCount('crashLimit', crashLimit);
  checkCount('readyTimeout', readyTimeout);
  if (typeof handBack !== 'boolean') {
    throw expected('ERR_GRACEFUL_INVALID_OPTION', 'handBack', 'a boolean', handBack);
  }
  if (reloadSignal !== undefined) checkSignals('reloadSignal', [reloadSignal]);
  return {
    supervision: { workers, reloadSignal, reloadConcurrency, readyTimeout, crashLimit, handBack },
    rest,
  };
}

function checkCount(name: string, value: unknown, rule = 'a whole number > 0'): void {
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return;
  throw expected('ERR_GRACEFUL_INVALID_OPTION', name, rule, value);
}
