import type * as Close from '../../packages/core/src/listener/close.ts';
import type * as Handle from '../../packages/core/src/listener/listening-socket.ts';
import type * as Protocol from '../../packages/core/src/cluster/protocol.ts';
import type * as Environment from '../../packages/core/src/api/environment.ts';
import type * as Owners from '../../packages/core/src/shutdown/owners.ts';
import type * as Report from '../../packages/core/src/shutdown/create-report.ts';
import type * as Native from '../../packages/core/src/kernel/system-calls.ts';

/** Parts of core that are not public, for tests that swap the system calls. */
const core = import.meta.resolve('@graceful-cluster/core/package.json');
const load = (path: string): Promise<unknown> => import(new URL(path, core).href);

export const { closeListener } = (await load('dist/listener/close.js')) as typeof Close;
export const { serverSocket } = (await load('dist/listener/listening-socket.js')) as typeof Handle;
export const { loadSystemCalls } = (await load('dist/kernel/system-calls.js')) as typeof Native;
export const protocol = (await load('dist/cluster/protocol.js')) as typeof Protocol;
export const { readEnvironment } = (await load('dist/api/environment.js')) as typeof Environment;
export const { createReport } = (await load('dist/shutdown/create-report.js')) as typeof Report;
export const { setTentative } = (await load('dist/shutdown/owners.js')) as typeof Owners;
export type CloseOptions = Close.CloseOptions;
export type SystemCalls = Native.SystemCalls;
export type PrimaryMessage = Protocol.PrimaryMessage;
export type WorkerMessage = Protocol.WorkerMessage;
