/** How many clients of each kind there are, where the kind is used, and what they do. */
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
   * Clients that send four requests in one piece and think before the next four.
   * @defaultValue 16
   */
  readonly pipelined?: number | undefined;
  /**
   * Clients that always have one upload in flight, which takes them 800 ms.
   * @defaultValue 8
   */
  readonly slowUpload?: number | undefined;
  /**
   * Clients that send half of a request head, and the other half 200 to 600 ms later.
   * @defaultValue 16
   */
  readonly halfHead?: number | undefined;
  /**
   * Clients that connect and say nothing.
   * @defaultValue 4
   */
  readonly silent?: number | undefined;
  /**
   * Clients that always have an event stream open.
   * @defaultValue 8
   */
  readonly eventStream?: number | undefined;
  /**
   * Clients that always have a WebSocket open.
   * @defaultValue 8
   */
  readonly webSocket?: number | undefined;
  /**
   * Clients that have an HTTP/2 session each, with three streams at a time.
   * @defaultValue 8
   */
  readonly http2?: number | undefined;
  /**
   * Clients that open a TLS connection for each request and wait up to 200 ms before they begin the handshake.
   * @defaultValue 32
   */
  readonly tls?: number | undefined;
  /**
   * Longest think time of a client that keeps its connection in milliseconds; each one is between 0 and this.
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
   * Where uploads go.
   * @defaultValue '/'
   */
  readonly uploadPath?: string | undefined;
  /**
   * The event stream.
   * @defaultValue '/events'
   */
  readonly eventsPath?: string | undefined;
  /**
   * The WebSocket.
   * @defaultValue '/'
   */
  readonly webSocketPath?: string | undefined;
  /**
   * Headers of every request, as `Name: value`. One named `Host` takes the place of the usual one.
   * @defaultValue []
   */
  readonly headers?: readonly string[] | undefined;
  /**
   * Whether a 4xx counts as an answer. Otherwise it is as bad as a 5xx.
   * @defaultValue false
   */
  readonly allow4xx?: boolean | undefined;
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
  pipelined: 16,
  slowUpload: 8,
  halfHead: 16,
  silent: 4,
  eventStream: 8,
  webSocket: 8,
  http2: 8,
  tls: 32,
  thinkTime: 100,
  path: '/',
  slowPath: '/slow?ms=800',
  uploadPath: '/',
  eventsPath: '/events',
  webSocketPath: '/',
  headers: [],
  allow4xx: false,
  announceClose: false,
  hungAfter: 8_000,
  maxAttempts: 1_000_000,
  seed: 1,
};

export function resolveLoad(options: LoadOptions): LoadSettings {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...(Object.fromEntries(given) as Partial<LoadSettings>) };
}
