/** Work at shutdown, such as closing a database pool. It may return a promise. */
export type Hook = (reason: string) => unknown;

export interface HookOptions {
  /** Names of hooks that must be done before this one begins. */
  readonly after?: readonly string[] | undefined;
  /**
   * Longest run in milliseconds; never more than an equal share of the time left for each hook that has yet to run.
   * @defaultValue that share
   */
  readonly timeout?: number | undefined;
}
