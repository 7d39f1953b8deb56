export type { AttemptRecord, Kind, LostAttempt } from './attempt.ts';
export { ProbeError, type ProbeErrorCode } from './errors.ts';
export type { Lag } from './lag.ts';
export type { Latency } from './latency.ts';
export { startLoad, type Load } from './load.ts';
export type { LoadOptions } from './load-options.ts';
export type { Target } from './target.ts';
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
} from './outcome.ts';
export { runRound, type Round, type RoundOptions } from './round.ts';
export type { Progress, Stop, StopSettings } from './stop.ts';
export type { Exit } from './server/server.ts';
export type { ServerOptions } from './server/server-process.ts';
export type { KindTally, LoadTally } from './tally.ts';
export { formatCount, formatTime, median } from './numbers.ts';
export { renderTable, type TableOptions, type TableRow } from './report/table.ts';
