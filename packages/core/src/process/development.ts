import { isatty } from 'node:tty';
import type { Settings } from '../api/options.ts';

/** What idle and silent connections get where a person waits for the stop, in milliseconds. */
const GRACE_MS = 50;

/** Longest wait for handshakes there, in milliseconds. */
const HANDSHAKES_MS = 100;

/** Node sets it in what `node --watch` runs, which it stops with SIGTERM (lib/internal/main/watch_mode.js). */
const WATCHED = 'WATCH_REPORT_DEPENDENCIES';

/**
 * The settings of a stop that a person waits for: no delay for load balancers, and next to no grace for connections
 * that ask for nothing. What is in flight has all its time. Without the `development` option that is a program that
 * `node --watch` runs, and where stdin or stderr is a terminal a SIGINT (a Ctrl-C) or SIGUSR2 (nodemon).
 *
 * @param reason - what began the stop
 */
export function settingsFor(settings: Settings, reason: string): Settings {
  if (!(settings.development ?? isDevelopment(reason))) return settings;
  return {
    ...settings,
    shutdownDelay: { ...settings.shutdownDelay, min: 0, max: 0 },
    keepAliveGrace: Math.min(settings.keepAliveGrace, GRACE_MS),
    handshakeTimeout: Math.min(settings.handshakeTimeout, HANDSHAKES_MS),
  };
}

function isDevelopment(reason: string): boolean {
  if (process.env[WATCHED] !== undefined) return true;
  return (reason === 'SIGINT' || reason === 'SIGUSR2') && (isatty(0) || isatty(2));
}
