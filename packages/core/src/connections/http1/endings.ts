import type { Server } from 'node:http';
import type { ConnectionHooks } from '../../drain/connections.ts';
import type { DrainLimits } from '../../drain/limits.ts';
import { protocolOf } from '../../node-internals/http.ts';
import { isPassedOn } from '../../node-internals/net.ts';
import { whenEnded } from '../half-closed.ts';
import { linger } from '../linger.ts';
import { createSchedule } from '../schedule.ts';
import { createUpgradedEndings } from '../upgraded.ts';
import type { Census } from './census.ts';
import { replaceDestroySoon } from './destroy-soon.ts';
import { createHandBack, type HandBack } from './hand-back.ts';
import { createIdleConnections, type IdleConnections } from './idle.ts';
import { createQuickEnd } from './quick-end.ts';
import { drainState, type Http1Connection } from './request-channel.ts';
import { createUsedGrace } from './used-grace.ts';

/** How each connection of a server ends. */
export interface Endings {
  readonly idle: IdleConnections;
  readonly handBack: HandBack;
  /** The drain begins. @param count - of the connections that are idle */
  readonly start: (count: number) => void;
  /** Ends a connection as what it does now asks for. */
  readonly begin: (connection: Http1Connection) => void;
  /** Makes a busy connection linger when it ends, be it by Node after the last response, or by the application. */
  readonly watch: (connection: Http1Connection) => void;
  /** Sends the FIN. */
  readonly end: (connection: Http1Connection, ending: 'answered' | 'idle') => void;
  readonly stop: () => void;
}

export interface EndingsOptions {
  readonly server: Server;
  /** Whether it is a server of plain HTTP/1. */
  readonly plain: boolean;
  readonly hooks: ConnectionHooks;
  readonly census: Census;
  readonly limits: () => DrainLimits;
}

export function createEndings({ server, plain, hooks, census, limits }: EndingsOptions): Endings {
  const idle = createIdleConnections(server, limits, {
    end: (connection) => end(connection, 'idle'),
    endUpgraded: endUpgrade,
  });
  const grace = createUsedGrace(limits);
  const quick = createQuickEnd(limits);
  const leaving = createSchedule(endUpgrade);
  const upgraded = createUpgradedEndings(hooks, limits);

  // Plain HTTP only: the TLS state of a connection cannot leave this process.
  const handBack = createHandBack(server, plain, limits, idle);

  function begin(connection: Http1Connection): void {
    const { socket, inFlight, drain } = connection;
    if (inFlight.size > 0 || isPassedOn(socket)) return;
    // A turn later the listeners of `closing` have run, and the application has written its last messages.
    if (drain?.upgraded === true) leaving.set(connection, 0);
    else if (!handBack.offer(connection)) idle.await(connection, grace.of(connection));
  }

  function endUpgrade(connection: Http1Connection): void {
    const drain = drainState(connection);
    drain.upgraded = true;
    census.note(connection);
    upgraded.end(connection.socket, () => {
      drain.saidAll = true;
    });
  }

  function end(connection: Http1Connection, ending: 'answered' | 'idle'): void {
    const drain = drainState(connection);
    if (drain.ending !== undefined) return;
    drain.ending = ending;
    census.note(connection);
    if (ending === 'idle' && quick.end(connection)) return;
    linger(connection.socket, { upload: connection.upload });
    if (ending === 'idle') limits().sendFin(connection.socket);
  }

  function watch(connection: Http1Connection): void {
    const { socket } = connection;
    replaceDestroySoon(socket, () => end(connection, 'answered'));
    const drain = drainState(connection);
    if (drain.watched) return;
    drain.watched = true;
    whenEnded(socket, () => {
      // Nothing can be written any more: a client that keeps its half open waits for no answer.
      if (drain.ending !== undefined || protocolOf(socket) !== 'http') return;
      linger(socket, { upload: connection.inFlight.last?.req ?? connection.upload });
    });
  }

  return {
    idle,
    handBack,
    start: grace.start,
    begin,
    watch,
    end,
    stop: () => {
      for (const each of [idle, quick, leaving, upgraded]) each.stop();
    },
  };
}
