// How an app under test and the suite talk: options as JSON in the arguments, SIGUSR2 for `held` handlers, and lines
// on stdout, `ready <port>` first.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import type { Server, ServerOptions } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { CoordinatorOptions, ShutdownCoordinator } from '@graceful-cluster/core';
import type { Context } from './app.ts';

export interface AppOptions {
  readonly coordinator?: CoordinatorOptions;
  readonly server?: ServerOptions & { readonly maxRequestsPerSocket?: number };
  readonly tls?: boolean;
  /** Whether the app has a `checkContinue` listener of its own. */
  readonly checkContinue?: boolean;
  /** The same app without a coordinator, to see what Node does without us. */
  readonly plain?: boolean;
}

export function readOptions(): AppOptions {
  return JSON.parse(process.argv[2] ?? '{}') as AppOptions;
}

export function createContext(shutdown: () => void): Context {
  return { handling: (url) => tell(`handling ${url}`), shutdown, released: once(process, 'SIGUSR2') };
}

/** Tells everything that the suite wants to know of a server, and sets what a constructor's options do not. */
export function follow(server: Server, options: AppOptions, coordinator?: ShutdownCoordinator): void {
  server.maxRequestsPerSocket = options.server?.maxRequestsPerSocket ?? 0;
  // Node's own five seconds end before a very busy machine has sent the signal.
  server.keepAliveTimeout = options.server?.keepAliveTimeout ?? 60_000;
  server.on('listening', () => tell(`ready ${(server.address() as AddressInfo).port}`));
  server.on(options.tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    tell('opened');
    socket.on('close', () => tell('closed'));
  });
  if (options.checkContinue) {
    server.on('checkContinue', (request, response) => {
      tell('checkContinue');
      if (!request.url?.startsWith('/early')) response.writeContinue();
      server.emit('request', request, response);
    });
  }
  // A turn later, when what the state brings has begun.
  coordinator?.on('state', ({ state }) => void setImmediate(tell, `state ${state}`));
  coordinator?.on('stopped', (report) => tell(`stopped ${JSON.stringify(report)}`));
}

/** Written at once, so that nothing is missing when the process ends. */
function tell(line: string): void {
  writeSync(1, `${line}\n`);
}
