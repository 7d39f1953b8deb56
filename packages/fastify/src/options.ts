import type { CoordinatorOptions, HealthOptions, ShutdownCoordinator } from '@graceful-cluster/core';

export interface GracefulClusterOptions extends CoordinatorOptions {
  /**
   * A coordinator that you made yourself, to stop several servers in one shutdown. It has its options already, so no
   * coordinator option may be given beside it.
   * @defaultValue a new one
   */
  readonly coordinator?: ShutdownCoordinator | undefined;
  /**
   * Mounts `/livez`, which stays 200 while draining, and `/readyz`, which turns 503; or `{ live, ready, checks }`,
   * the options of `healthHandler`.
   * @defaultValue false
   */
  readonly health?: boolean | HealthOptions | undefined;
}
