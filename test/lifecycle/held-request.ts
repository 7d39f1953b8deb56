import type { HookReport, ShutdownReport } from '@graceful-cluster/core';
import type { Setup } from '../fixtures/lifecycle/server.ts';
import { ask, startChild, type Answer, type Child, type Owner } from '../helpers/child.ts';

export const answered: Answer = { status: 200, connection: 'close', body: 'held' };

export interface Held {
  readonly child: Child;
  readonly answer: Promise<Answer | string>;
}

export function startServer(t: Owner, setup: Setup = {}): Promise<Child> {
  return startChild(t, 'lifecycle/server', { args: [setup] });
}

/** A server with a request in flight that is answered after SIGUSR2. */
export async function startHeld(t: Owner, setup?: Setup): Promise<Held> {
  const child = await startServer(t, setup);
  const answer = ask(child.port, '/hold');
  await child.line('request /hold');
  return { child, answer };
}

export function reportOf(child: Child): ShutdownReport {
  return JSON.parse(child.lines('report').at(-1) ?? 'null') as ShutdownReport;
}

export function outcomes(hooks: readonly HookReport[]): readonly string[] {
  return hooks.map(({ name, outcome }) => `${name} ${outcome}`);
}
