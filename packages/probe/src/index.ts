export type { AttemptRecord, Kind, LostAttempt } from './measure/attempt.ts';
export { ProbeError, type ProbeErrorCode } from './errors.ts';
export type { Lag } from './measure/lag.ts';
export type { Latency } from './measure/latency.ts';
export { startLoad, type Load } from './load/load.ts';
export type { LoadOptions } from './clients/load-options.ts';
export type { Target } from './network/target.ts';
export {
  addCounts,
  countAttempts,
  countLost,
  emptyCounts,
  isLost,
  outcomes,
  type Counts,
  type LostOutcome,
  type Outcome,
} from './measure/outcome.ts';
export { runRound, type Round, type RoundOptions } from './stop/round.ts';
export type { Progress, Stop, StopSettings } from './stop/stop.ts';
export type { Exit } from './server/server.ts';
export type { ServerOptions } from './server/server-process.ts';
export type { KindTally, LoadTally } from './measure/tally.ts';
