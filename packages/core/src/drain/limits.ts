import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HandBackTarget } from '../node-internals/hand-over.ts';
import { now } from '../clock.ts';

/** What a drain may take, in milliseconds, what it asks of the kernel, and where idle connections may go. */
export interface DrainLimits {
  readonly keepAliveGrace: number;
  readonly handshakeTimeout: number;
  /** Milliseconds until `cut` is called. */
  readonly left: () => number;
  /** Calls `listener` each time that fewer are left than there were: the program asked for an earlier end. */
  readonly onShortened: (listener: () => void) => () => void;
  /** Whether a connection has something to be read. False without the addon. */
  readonly unread: (socket: Socket) => boolean;
  /** Whether `sendFin` can do anything at all here: it needs the addon. */
  readonly sendsFin: boolean;
  /** Sends the FIN of a connection at once. Returns whether it is sent. */
  readonly sendFin: (socket: Socket) => boolean;
  /** Where connections may go instead of ending here. */
  readonly handBack?: HandBackTarget | undefined;
}

/** 127.0.0.0/8, alone or mapped into IPv6, and ::1. */
const LOOPBACK = /^(?:(?:::ffff:)?127\.|::1$)/;

/** Limits before a drain has begun. */
export const NO_LIMITS: DrainLimits = {
  keepAliveGrace: 0,
  handshakeTimeout: 0,
  left: () => 0,
  onShortened: () => () => {},
  unread: () => false,
  sendsFin: false,
  sendFin: () => false,
};

/**
 * How long a connection stays that has not said anything yet: for `keepAliveGrace`, and until it is
 * `handshakeTimeout` + `keepAliveGrace` old. A client whose first packets were lost sends its request again only
 * after 1 to 3 s: it has measured no round trip yet (RFC 6298, sections 2.1 and 5.7). On the loopback interface no
 * packet is lost, so `keepAliveGrace` is all.
 *
 * @param since - when it was accepted
 * @param stream - a socket, or any other stream, which has no address
 */
export function silentGrace(
  { keepAliveGrace, handshakeTimeout }: DrainLimits,
  since: number,
  stream: Duplex,
): number {
  const { remoteAddress } = stream as Socket;
  if (remoteAddress !== undefined && LOOPBACK.test(remoteAddress)) return keepAliveGrace;
  return Math.max(keepAliveGrace, since + handshakeTimeout + keepAliveGrace - now());
}
