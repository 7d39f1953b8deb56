import type { Kind } from '../measure/attempt.ts';
import type { ClientKind } from '../clients/client.ts';
import type { Load } from '../load/load.ts';
import type { LoadOptions, LoadSettings } from '../clients/load-options.ts';
import type { Server } from '../server/server.ts';
import type { ServerOptions } from '../server/server-process.ts';
import type { Target } from '../network/target.ts';

/** One kind of client, and what a server must have for it. `scenarios/all.ts` lists them. */
export interface Scenario {
  /** On the command line. */
  readonly name: string;
  readonly title: string;
  /** What the clients do, and what counts as an answer to them. */
  readonly description: string;
  /** Whose fate it is about. */
  readonly kind: Kind;
  readonly clients: readonly ClientKind[];
  /** Whether clients wait for the server to act, as long as it takes. */
  readonly patient?: boolean;
  /** Whether one of the clients has to be in flight at the signal. */
  readonly inFlight?: boolean;
  /** Whether another instance takes over, so that no client may be refused. */
  readonly handsOver?: boolean;
  /** Looks at a running server. */
  check(context: CheckContext): Promise<Check>;
  /** Makes the place for one stop, if the server and its clients are not simply on this machine. */
  stage?(context: StageContext): Promise<Stage>;
}

export interface CheckContext {
  readonly target: Target;
  readonly settings: LoadSettings;
  /** Undefined for one that was not started here. */
  readonly started: StartedServer | undefined;
  readonly stage: StageSettings;
}

export interface StartedServer {
  readonly server: Server;
  /** How it was started. */
  readonly options: ServerOptions;
}

/** What to set for the load, or what is missing. */
export type Check = { readonly load: LoadOptions } | { readonly missing: string };

export const applicable: Check = { load: {} };

export interface StageContext {
  /** How the server is started. */
  readonly server: ServerOptions;
  readonly load: LoadOptions;
  readonly stage: StageSettings;
}

/** What only single scenarios need to know. */
export interface StageSettings {
  /** Of mid-handshake, in milliseconds. */
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
