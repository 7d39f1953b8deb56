import { getSystemErrorName } from 'node:util';
import { clearInterval, setInterval } from '../clock.ts';
import { notice } from './notice.ts';

/** How a service manager such as systemd is told of the state of this process: sd_notify(3), one datagram a message. */
export interface ServiceManager {
  /** The service is up, or has finished reloading. */
  readonly ready: () => void;
  /** A reload began; `ready` ends it. */
  readonly reloading: () => void;
  /** The service is on its way out. */
  readonly stopping: () => void;
  /** One line for `systemctl status`. */
  readonly status: (text: string) => void;
  /** Lets the stop outlast the unit's `TimeoutStopSec`, until `milliseconds` from now; the next call moves that. */
  readonly extendTimeout: (milliseconds: number) => void;
  /** Sends the signs of life that the unit's `WatchdogSec` asks for. Returns a function that stops this. */
  readonly feedWatchdog: () => () => void;
}

/** @returns 0, or a negative errno */
type SendDatagram = (path: string, text: string) => number;

/**
 * The manager that `NOTIFY_SOCKET` names, or undefined where there is none.
 *
 * @param send - undefined without the addon: Node has no datagrams on Unix sockets
 */
export function findServiceManager(send: SendDatagram | undefined): ServiceManager | undefined {
  const path = process.env['NOTIFY_SOCKET'];
  if (path === undefined || path === '') return undefined;
  if (send === undefined) {
    notice(
      'NOTIFY_SOCKET is set, but without the addon the service manager cannot be told that this service is ready',
    );
    return undefined;
  }

  function tell(...assignments: readonly string[]): void {
    const error = send?.(path ?? '', assignments.join('\n')) ?? 0;
    if (error < 0)
      notice(`NOTIFY_SOCKET: the service manager was not reached (${getSystemErrorName(error)})`);
  }

  return {
    ready: () => tell('READY=1'),
    // Type=notify-reload wants the time at which the reload began, by CLOCK_MONOTONIC, as `hrtime` counts.
    reloading: () => tell('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`),
    stopping: () => tell('STOPPING=1'),
    status: (text) => tell(`STATUS=${text.replaceAll(/\s+/g, ' ').slice(0, 1_000)}`),
    extendTimeout: (milliseconds) => tell(`EXTEND_TIMEOUT_USEC=${Math.round(milliseconds * 1_000)}`),
    feedWatchdog: () => {
      const interval = watchdogInterval();
      if (interval === undefined) return () => {};
      const timer = setInterval(() => tell('WATCHDOG=1'), interval / 2).unref();
      return () => clearInterval(timer);
    },
  };
}

/** Milliseconds of the unit's `WatchdogSec`, if it is meant for this process. */
function watchdogInterval(): number | undefined {
  const { WATCHDOG_USEC: microseconds, WATCHDOG_PID: pid } = process.env;
  if (pid !== undefined && Number(pid) !== process.pid) return undefined;
  const interval = Number(microseconds) / 1_000;
  return Number.isFinite(interval) && interval >= 1 ? interval : undefined;
}
