import type { Socket } from 'node:net';

interface Parts {
  readonly encrypted?: boolean;
  readonly parser?: { _consumed?: boolean; unconsume?: () => void } | null;
  readonly _handle?: {
    readonly reading?: boolean;
    _consumed?: boolean;
    /** Called with what was read, and without anything at the end of the stream and for an error. */
    onread?: (chunk?: ArrayBuffer) => void;
  } | null;
}

/**
 * Takes the parser off an HTTP connection and drops what is still read from it. The socket gets no event: it is left
 * to be destroyed. Does nothing, and returns false, where this Node does not let it be done, and over TLS.
 *
 * @param heard - called for each chunk, and with true when the peer has ended
 */
export function dropInput(socket: Socket, heard: (ended: boolean) => void): boolean {
  const { encrypted, parser, _handle: handle } = socket as unknown as Parts;
  if (encrypted === true || parser?._consumed !== true || typeof parser.unconsume !== 'function')
    return false;
  if (typeof handle?.onread !== 'function' || handle.reading !== true) return false;
  parser.unconsume();
  parser._consumed = false;
  handle._consumed = false;
  handle.onread = (chunk) => heard(chunk === undefined);
  return true;
}
