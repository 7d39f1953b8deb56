export {
  createCoordinator,
  getCoordinator,
  type CoordinatorStats,
  type ShutdownCoordinator,
} from './coordinator.ts';
export type { ConnectionCounts, CutConnection } from './connections/connections.ts';
export {
  errorCodes,
  GracefulError,
  GracefulTypeError,
  warningCodes,
  type GracefulErrorCode,
  type GracefulWarningCode,
} from './errors.ts';
export type { CoordinatorEvents, Progress } from './events.ts';
export type { Hook, HookOptions } from './hooks.ts';
export type { ListenerReport } from './listener/close.ts';
export type { Seal } from './listener/methods.ts';
export type { CoordinatorOptions, ExitFunction, Logger, QuietDelay } from './options.ts';
export type { HookReport, ShutdownReport, State } from './report.ts';
