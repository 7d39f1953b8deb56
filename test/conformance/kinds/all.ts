import type { Test } from 'tap';
import type { Kind } from '../../fixtures/connections/server.ts';
import type { StartServer } from '../../helpers/shutdown.ts';
import { testEvents } from './events.ts';
import { testHttp2 } from './http2.ts';
import { testHttps } from './https.ts';
import { testRaw, type StartRaw } from './raw.ts';
import { testUpgrades } from './upgrades.ts';
import { testWebSocket, type StartWebSockets } from './websocket.ts';

/** How to start servers of each kind. Rows of what is left out do not run. */
export interface KindsTarget {
  readonly name: string;
  /** Speaks these, and answers what `fixtures/connections/app.ts` does. */
  readonly http?: { readonly start: StartServer; readonly kinds: readonly Kind[] };
  /** WebSockets through `ws`. */
  readonly webSockets?: StartWebSockets;
  /** Other upgrades, and CONNECT. */
  readonly upgrades?: StartWebSockets;
  /** A `net.Server` and a `tls.Server`. */
  readonly raw?: StartRaw;
}

/** Each row has a process of its own; more of them than this at once would only make time less exact. */
const AT_ONCE = 6;

/** Every row of what a shutdown promises to connections beyond HTTP/1, which is in `suite.ts`. */
export function conformanceOfKinds(t: Test, target: KindsTarget): Promise<unknown> {
  const { name, http, webSockets, upgrades, raw } = target;
  return t.test(name, { jobs: AT_ONCE }, async (t) => {
    if (http) for (const kind of http.kinds) testHttp(t, http.start, kind);
    if (webSockets) testWebSocket(t, webSockets);
    if (upgrades) testUpgrades(t, upgrades);
    if (raw) testRaw(t, raw);
  });
}

function testHttp(t: Test, start: StartServer, kind: Kind): void {
  if (kind === 'http' || kind === 'https') testEvents(t, start, kind);
  else testHttp2(t, start, kind);
  if (kind === 'https') testHttps(t, start);
}
