/** How many clients of each kind there are, all at the same time, and what they do. */
export interface LoadOptions {
  /**
   * Clients that open a connection for each request and go on as soon as they have the answer.
   * @defaultValue 64
   */
  readonly newConnection?: number | undefined;
  /**
   * Clients that keep their connection and think before each request.
   * @defaultValue 64
   */
  readonly keepAlive?: number | undefined;
  /**
   * Clients that always have one slow request in flight, each on a connection of its own.
   * @defaultValue 4
   */
  readonly slow?: number | undefined;
  /**
   * Longest think time of a keep-alive client in milliseconds; each one is between 0 and this.
   * @defaultValue 100
   */
  readonly thinkTime?: number | undefined;
  /**
   * What is requested, except by slow clients.
   * @defaultValue '/'
   */
  readonly path?: string | undefined;
  /**
   * What slow clients request.
   * @defaultValue '/slow?ms=800'
   */
  readonly slowPath?: string | undefined;
  /**
   * Whether clients that use a connection once say so with `Connection: close`. Otherwise they just close it.
   * @defaultValue false
   */
  readonly announceClose?: boolean | undefined;
  /**
   * Milliseconds after which an attempt without any outcome counts as hung.
   * @defaultValue 8000
   */
  readonly hungAfter?: number | undefined;
  /**
   * Attempts after which the load stops by itself.
   * @defaultValue 1000000
   */
  readonly maxAttempts?: number | undefined;
  /**
   * Decides all think times.
   * @defaultValue 1
   */
  readonly seed?: number | undefined;
}

export type LoadSettings = { readonly [Name in keyof LoadOptions]-?: NonNullable<LoadOptions[Name]> };

const defaults: LoadSettings = {
  newConnection: 64,
  keepAlive: 64,
  slow: 4,
  thinkTime: 100,
  path: '/',
  slowPath: '/slow?ms=800',
  announceClose: false,
  hungAfter: 8_000,
  maxAttempts: 1_000_000,
  seed: 1,
};

export function resolveLoad(options: LoadOptions): LoadSettings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...(Object.fromEntries(given) as Partial<LoadSettings>) };
}
