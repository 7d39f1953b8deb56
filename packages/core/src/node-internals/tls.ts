import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** The raw socket under a TLS one; undefined where the TLS one was made of a stream that is no socket. */
export function rawSocket(socket: TLSSocket): Socket | undefined {
  return (socket as unknown as { readonly _parent?: Socket | null })._parent ?? undefined;
}
