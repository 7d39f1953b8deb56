import { clearInterval, now, setInterval } from '../clock.ts';
import { loadSystemCalls } from '../kernel/system-calls.ts';
import { findServiceManager, type ServiceManager } from '../process/service-manager.ts';
import type { CoordinatorControls } from './role.ts';

/** Time between two extensions of the stop, in milliseconds. */
const EXTEND_EVERY_MS = 1_000;

/** How far each extension reaches, in milliseconds. */
const EXTEND_BY_MS = 5_000;

/** The service manager that started this process, if there is one that wants to be told. */
export function findManager(): ServiceManager | undefined {
  return findServiceManager(loadSystemCalls().calls?.sendDatagram);
}

/**
 * Keeps a service manager informed of a shutdown: that it stops, what it waits for, and that the stop may go on until
 * `timeout`, never longer. Also feeds the watchdog.
 */
export function reportShutdown(
  manager: ServiceManager,
  { coordinator, timeout, onDispose }: CoordinatorControls,
): void {
  let timer: NodeJS.Timeout | undefined;

  function begin(): void {
    const end = now() + timeout;
    const extend = (): void => {
      const left = end - now();
      if (left > 0) manager.extendTimeout(Math.min(EXTEND_BY_MS, left));
    };
    manager.stopping();
    extend();
    timer = setInterval(extend, EXTEND_EVERY_MS).unref();
  }

  coordinator.on('state', ({ state, previous }) => {
    if (previous === 'running') begin();
    if (state === 'stopped') clearInterval(timer);
    else manager.status(state);
  });
  coordinator.on('progress', ({ inFlight, idle, waiting }) => {
    const names = waiting.length > 0 ? `: ${waiting.join('; ')}` : '';
    manager.status(`draining, ${inFlight} in flight, ${idle} idle${names}`);
  });
  onDispose(manager.feedWatchdog());
  onDispose(() => clearInterval(timer));
}
