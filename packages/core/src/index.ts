export { superviseCluster, type ClusterSupervisor } from './cluster/primary/supervisor.ts';
export type { SupervisorOptions } from './cluster/primary/supervisor-options.ts';
export type { ReloadReport } from './cluster/primary/reload.ts';
export type { CoordinatorStats, EndUpgraded, ShutdownCoordinator, Track } from './api/coordinator.ts';
export { createCoordinator, getCoordinator } from './create.ts';
export type { ConnectionCounts, CutConnection } from './drain/limits.ts';
export {
  errorCodes,
  GracefulError,
  GracefulTypeError,
  warningCodes,
  type GracefulErrorCode,
  type GracefulWarningCode,
} from './api/errors.ts';
export type { CoordinatorEvents, Progress } from './shutdown/events.ts';
export type { Hook, HookOptions } from './shutdown/hooks.ts';
export type { ListenerReport } from './listener/close.ts';
export type { Seal } from './listener/seals/seal.ts';
export type { CoordinatorOptions, ExitFunction, Logger, QuietDelay } from './api/options.ts';
export type { HookReport, ShutdownReport, State, WorkerReport } from './api/report.ts';
