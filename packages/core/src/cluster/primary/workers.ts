import type { Worker } from 'node:cluster';
import { clearTimeout, createDeadline, setTimeout } from '../../clock.ts';
import { sumCounts, totalsOf } from '../../drain/connections.ts';
import type { Drainable, DrainOptions } from '../../drain/drainable.ts';
import { closeListener } from '../../listener/close.ts';
import type { ListeningSocket } from '../../listener/listening-socket.ts';
import type { ListenerReport, WorkerReport } from '../../api/report.ts';
import { createIdleForks } from './idle-forks.ts';
import type { Member } from './member.ts';
import { createMember } from './worker-handle.ts';
import type { RoundRobin } from './scheduler.ts';
import { whenWorkBegins } from '../../process/begins-work.ts';
import { leaveEndToProgram } from '../../process/exit.ts';
import { nodeCluster } from '../../process/node-cluster.ts';
import { answerDisconnect } from './answer-disconnect.ts';

/**
 * Waits for what listeners of the program begin when a worker has ended, such as a cleanup after the last one. Not where
 * they fork another worker: that is never used.
 */
const whatExitBegins = (): void => whenWorkBegins((forked) => forked || leaveEndToProgram());

/** The workers of a cluster, seen from the primary. */
export interface Members extends Drainable {
  readonly list: () => readonly Member[];
  /** Adds a worker that was just forked: Node emits `fork` one tick later. */
  readonly of: (worker: Worker) => Member;
  /** One entry for each worker that was alive when the listeners began to close. */
  readonly reports: () => readonly WorkerReport[];
}

/** Milliseconds between a worker's deadline and the moment at which the primary cuts what is left. */
export const MARGIN_MS = 500;

/** Kept back for workers that serve nobody themselves, and are told to stop last, in milliseconds. */
const OWN_STOP_MS = 3_000;

/** Kept back from the time in which a worker that is in its cleanup may report, in milliseconds. */
const REPORT_MS = 200;

export interface MembersEvents {
  /** Called when a signal reached a worker. */
  readonly signalled: (member: Member, signal: NodeJS.Signals) => void;
  /** Called with the error of a listener that could not be closed as it should. */
  readonly failed: (error: unknown) => void;
}

export function watchMembers(roundRobin: RoundRobin, { signalled, failed }: MembersEvents): Members {
  const entries = new Map<Worker, Member>();
  const idleForks = createIdleForks();
  let ownDisconnect: (() => void) | undefined;
  const listeners: Promise<ListenerReport | undefined>[] = [];
  /** Workers that were in their cleanup when this process came to its own. */
  const late = new Set<Member>();
  let draining: DrainOptions | undefined;
  let atClose: readonly Member[] = [];
  let handOver: Promise<number> | undefined;
  /** Connections that no worker took; undefined until the hand-over has ended. */
  let untaken: number | undefined;
  /** Whether the workers were told to drain. */
  let ordered = false;

  function add(worker: Worker): Member {
    const known = entries.get(worker);
    if (known !== undefined) return known;
    roundRobin.follow(worker);
    const member = createMember(worker, {
      onSignal: signalled,
      onGiven: ({ listener, idle }, handle) =>
        // In a shutdown no other worker gets the connection: the worker that has it ends it.
        draining === undefined ? roundRobin.take(listener, handle, idle) : roundRobin.refuse(handle),
    });
    entries.set(worker, member);
    void member.exited.then(() => entries.delete(worker));
    return member;
  }

  function onFork(worker: Worker): void {
    if (draining === undefined) {
      add(worker);
    } else if (!idleForks.isIdle(worker)) {
      // Forked during the shutdown, with settings of its own, so it is no idle fork: it has served nothing yet.
      add(worker).kill();
    }
  }

  function closeSocket(socket: ListeningSocket): void {
    if (draining === undefined) return;
    const report = closeListener(socket, { ...draining, together: true }).catch((error: unknown) => {
      failed(error);
      socket.close();
      return undefined;
    });
    listeners.push(report);
  }

  /** A worker that cuts thousands of connections on a busy machine may take all the time that there is to report. */
  function giveTime(member: Member): void {
    late.add(member);
    const timer = setTimeout(member.kill, Math.max(0, (draining?.leftOfAll() ?? 0) - REPORT_MS));
    void member.exited.then(() => clearTimeout(timer));
  }

  /**
   * The primary itself may have a server that passes its connections on to workers, as `@socket.io/sticky` does: what
   * has connected and not yet asked would find workers that take nothing more. Its silent ones end after this time. Where
   * the primary serves alone, and workers compute for it, they are there until it is done.
   */
  async function ownDrained(): Promise<void> {
    if (draining === undefined) return;
    const { keepAliveGrace, handshakeTimeout, left } = draining;
    const half = left() / 2;
    const limit = all().some((member) => member.serving())
      ? Math.min(keepAliveGrace + handshakeTimeout, half)
      : Math.max(half, left() - OWN_STOP_MS);
    await createDeadline(limit).race(draining.ownDrained());
  }

  const all = (): readonly Member[] => [...entries.values()];

  for (const worker of Object.values(nodeCluster().workers ?? {})) if (worker !== undefined) add(worker);
  nodeCluster().on('fork', onFork);

  const members: Members = {
    list: all,
    of: add,
    reports: () => atClose.map((member) => member.report()),
    counts: () => sumCounts(all().map((member) => member.counts())),
    // Once ordered, every accepted connection has a worker. What the program tells its workers then, to close or to
    // exit, reaches them after our order to drain, under which they keep their connections.
    unsettled: () => (ordered ? 0 : entries.size),
    waiting: (limit) =>
      all()
        .flatMap((member) => member.waiting())
        .slice(0, limit),
    announce: () => {
      for (const member of all()) member.announce();
    },
    close: (options) => {
      draining = options;
      atClose = all();
      for (const member of atClose) member.close();
      roundRobin.onSocket(closeSocket);
      idleForks.start();
      ownDisconnect = answerDisconnect(() => Promise.all(all().map(({ exited }) => exited)));
      nodeCluster().prependListener('exit', whatExitBegins);
      members.announce();
    },
    closed: async () => {
      const reports = await Promise.all(listeners);
      handOver ??= roundRobin.handedOver(() => draining?.expired() ?? true);
      untaken = await handOver;
      await Promise.all(
        all().flatMap((member) => (member.killed() || late.has(member) ? member.exited : [])),
      );
      return reports.filter((report) => report !== undefined);
    },
    drained: async () => {
      await members.closed();
      await ownDrained();
      const { reason = '', left, onShortened } = draining ?? {};
      const drain = (): void => {
        const timeout = Math.max(0, (left?.() ?? 0) - MARGIN_MS);
        ordered = true;
        for (const member of all()) member.drain({ reason, timeout, together: true, dismissed: true });
      };
      drain();
      onShortened?.(drain);
      await Promise.all(all().map(({ exited }) => exited));
    },
    cut: () => {
      const left = untaken ?? roundRobin.queued();
      const open = all().filter((member) => !member.gone() && !member.killed());
      for (const member of open) if (member.cleaning()) giveTime(member);
      const stuck = open.filter((member) => !late.has(member));
      const workers = stuck.flatMap((member) => {
        if (!member.reported()) return member.cut();
        member.kill();
        return [];
      });
      if (left === 0) return workers;
      const name = `${left} connections that no worker took`;
      return [...workers, { kind: 'raw', name, requests: 0, lost: true }];
    },
    totals: () => atClose.map((member) => totalsOf(member.report().report, member.counts())),
    release: () => {
      nodeCluster().off('fork', onFork);
      for (const member of all()) member.release();
      idleForks.stop();
      ownDisconnect?.();
      nodeCluster().off('exit', whatExitBegins);
      roundRobin.stop();
    },
  };
  return members;
}
