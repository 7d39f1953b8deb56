export type { Hook, HookOptions } from './api/hooks.ts';
export type { CoordinatorEvents, Progress, Retired } from './api/events.ts';
export { superviseCluster, type ClusterSupervisor } from './cluster/primary/supervisor.ts';
export type { SupervisorOptions } from './cluster/primary/supervisor-options.ts';
export type { ReloadReport } from './cluster/primary/reload.ts';
export type {
  CoordinatorStats,
  EndUpgraded,
  ShutdownCoordinator,
  ShutdownOptions,
  Track,
} from './api/coordinator.ts';
export { createCoordinator, getCoordinator } from './create.ts';
export {
  errorCodes,
  GracefulError,
  GracefulTypeError,
  warningCodes,
  type GracefulErrorCode,
  type GracefulWarningCode,
} from './api/errors.ts';
export type { HealthAnswer, HealthHandler, HealthOptions } from './api/health.ts';
export { healthHandler } from './health/health-handler.ts';
export { listenFds, type ListenFd } from './process/listen-fds.ts';
export type { Logger } from './api/logger.ts';
export type { CoordinatorOptions, ExitFunction, QuietDelay } from './api/options.ts';
export type {
  HookReport,
  Interference,
  ShutdownReport,
  State,
  ThreadReport,
  WorkerReport,
  ConnectionCounts,
  CutConnection,
  ListenerReport,
  Seal,
} from './api/report.ts';
