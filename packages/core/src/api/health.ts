import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:net';

/** Options of `healthHandler`. */
export interface HealthOptions {
  /**
   * Path that answers 200 as long as the process serves, while it drains too.
   * @defaultValue '/livez'
   */
  readonly live?: string | undefined;
  /**
   * Path that answers 200 while `coordinator.ready` and all checks pass, otherwise 503.
   * @defaultValue '/readyz'
   */
  readonly ready?: string | undefined;
  /**
   * What readiness depends on, by name. One has failed when it throws, rejects, gives false, or takes too long. They
   * run together, each at most once at a time: while one hangs, later requests wait for that run.
   * @defaultValue none
   */
  readonly checks?: Readonly<Record<string, () => unknown>> | undefined;
  /**
   * Longest wait in milliseconds for all checks of one request.
   * @defaultValue 1000
   */
  readonly checkTimeout?: number | undefined;
}

export interface HealthAnswer {
  readonly statusCode: 200 | 503;
  /** `status` is `ok`, `ready`, `not ready`, `failing`, or the state of a shutdown, such as `draining`. */
  readonly body: { readonly status: string; readonly failed?: readonly string[] };
}

/** A listener of `request` events, and middleware. */
export interface HealthHandler {
  /** Answers GET and HEAD of the two paths. Anything else is left to `next`, or without one answered 404. */
  (request: IncomingMessage, response: ServerResponse, next?: () => void): void;
  readonly live: string;
  readonly ready: string;
  /** What a path is answered, for frameworks with routes of their own; undefined for other paths. */
  readonly answer: (path: string) => Promise<HealthAnswer> | undefined;
}

/** Marks handlers: all copies of this package in the process know it. */
const MARK = Symbol.for('graceful-cluster/health');

export function markHealthHandler(handler: object): void {
  Object.defineProperty(handler, MARK, { value: true });
}

/** Whether a server has only health handlers. Clients of the service never call such a server: it stays to the end. */
export function servesHealthAlone(server: Server): boolean {
  const listeners = server.listeners('request');
  return listeners.length > 0 && listeners.every((listener) => MARK in listener);
}
