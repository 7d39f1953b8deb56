import { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import { combineConnections, type ConnectionHooks, type Connections } from '../drain/connections.ts';
import { speaksHttp1 } from '../node-internals/http.ts';
import { trackHttp1 } from './http1/track.ts';
import { isHttp2 } from './http1/open-already.ts';
import { isHttp2Server, trackHttp2 } from './http2/track.ts';
import { trackRaw } from './raw.ts';
import { trackTlsHandshakes } from './tls-handshakes.ts';

/** Tracks every kind of connection that a server can have. */
export function trackServer(server: Server, hooks: ConnectionHooks): Connections {
  if (isTlsServer(server)) {
    const handshakes = trackTlsHandshakes(server);
    if (isHttp2Server(server)) {
      const others = speaksHttp1(server)
        ? trackHttp1(server, 'secureConnection', hooks)
        : trackUnknown(server);
      return combineConnections([handshakes, trackHttp2(server, 'secureConnection'), others]);
    }
    if (speaksHttp1(server)) {
      return combineConnections([handshakes, trackHttp1(server, 'secureConnection', hooks)]);
    }
    return combineConnections([handshakes, trackRaw(server, 'secureConnection')]);
  }
  if (isHttp2Server(server)) return trackHttp2(server, 'connection');
  if (server instanceof HttpServer) return trackHttp1(server, 'connection', hooks);
  return trackRaw(server, 'connection');
}

/**
 * `node:tls` takes milliseconds to load, so a method of its servers is looked for first: they exist only once it is.
 */
function isTlsServer(server: Server): server is TlsServer {
  return 'setSecureContext' in server && server instanceof process.getBuiltinModule('node:tls').Server;
}

/**
 * Connections of a server that speaks HTTP/2 alone, whose clients have not agreed on it. Node answers 403 and waits for
 * their FIN, which it never reads, unless the application listens to `unknownProtocol`.
 */
function trackUnknown(server: Server): Connections {
  return trackRaw(server, 'secureConnection', {
    takes: (socket) => !isHttp2(socket),
    answered: () => server.listenerCount('unknownProtocol') === 0,
  });
}
