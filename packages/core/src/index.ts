export { superviseCluster, type ClusterSupervisor } from './cluster/supervisor.ts';
export type { SupervisorOptions } from './cluster/supervisor-options.ts';
export type { ReloadReport } from './cluster/reload.ts';
export type { CoordinatorStats, EndUpgraded, ShutdownCoordinator, Track } from './shutdown-coordinator.ts';
export { createCoordinator, getCoordinator } from './create.ts';
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
export type { HookReport, ShutdownReport, State, WorkerReport } from './report.ts';
