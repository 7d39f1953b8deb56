import type { Kind } from '../measure/attempt.ts';
import type { ClientKind } from '../clients/client.ts';
import type { Load } from '../load/load.ts';
import type { LoadOptions, LoadSettings } from '../clients/load-options.ts';
import type { Server } from '../server/server.ts';
import type { ServerOptions } from '../server/server-process.ts';
import type { Target } from '../network/target.ts';

/** One kind of client, and what a server must have for it. `scenarios/all.ts` lists them. */
export interface Scenario {
  /** Name on the command line. */
  readonly name: string;
  readonly title: string;
  /** What the clients do, and what counts as an answer to them. */
  readonly description: string;
  /** The kind of client that the verdict is about. */
  readonly kind: Kind;
  readonly clients: readonly ClientKind[];
  /** Whether clients wait for the server to end their connection, however long that takes. */
  readonly patient?: boolean;
  /** Whether one of the clients has to be in flight at the signal. */
  readonly inFlight?: boolean;
  /** Whether another instance takes over, so that no client may be refused. */
  readonly handsOver?: boolean;
  /** Looks at a running server. */
  check(context: CheckContext): Promise<Check>;
  /** Makes the place for one stop, where the server and its clients are not simply on this machine. */
  stage?(context: StageContext): Promise<Stage>;
}

export interface CheckContext {
  readonly target: Target;
  readonly settings: LoadSettings;
  /** Undefined for a server that was not started here. */
  readonly started: StartedServer | undefined;
  readonly stage: StageSettings;
}

export interface StartedServer {
  readonly server: Server;
  /** Options it was started with. */
  readonly options: ServerOptions;
}

/** What to set for the load, or what is missing. */
export type Check = { readonly load: LoadOptions } | { readonly missing: string };

export const applicable: Check = { load: {} };

export interface StageContext {
  /** Options that the server is started with. */
  readonly server: ServerOptions;
  readonly load: LoadOptions;
  readonly stage: StageSettings;
}

/** Settings of single scenarios. */
export interface StageSettings {
  /** Round-trip time of mid-handshake, in milliseconds. */
  readonly rtt: number;
  /** How a second instance takes over. */
  readonly rolling: 'proxy' | 'reuse-port';
}

export interface Stage {
  start(): Promise<Server>;
  /** Starts the clients; not given, they start here. */
  readonly load?: ((target: Target) => Promise<Load>) | undefined;
  close(): Promise<void>;
}
