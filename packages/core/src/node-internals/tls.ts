import type { TLSSocket } from 'node:tls';
import type { Duplex } from 'node:stream';

interface Wrapping {
  readonly _parent?: Duplex | null;
  readonly _handle?: { readonly _parentWrap?: { readonly stream?: Duplex } | null } | null;
}

/**
 * What a TLS socket was made of, as `connection` gave it: a socket, or any other stream, around which Node puts a
 * wrapper. Undefined where Node does not show it.
 */
export function underTls(socket: TLSSocket): Duplex | undefined {
  const { _parent: raw, _handle: handle } = socket as unknown as Wrapping;
  return raw ?? handle?._parentWrap?.stream;
}
