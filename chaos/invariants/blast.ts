import { constants } from 'node:os';
import type { ShutdownReport } from '@graceful-cluster/core';
import type { Attempt } from '../clients/attempt.ts';
import type { Done } from '../faults.ts';
import type { Seen } from '../run.ts';
import { hostile } from '../scenario.ts';
import { stalledBetween } from '../stalls.ts';

/** Faults that end a process at once, with all that it holds. */
const deadly = new Set(['kill', 'exit', 'crash', 'reject', 'kill primary']);

/** What a busy machine may put between two notes of the same moment, in milliseconds. */
const SAME_MOMENT_MS = 5;

/** Milliseconds that a process may take to do as it was told, beside what else keeps it busy. */
const REACTION_MS = 1_000;

/** What explains a loss at the deadline where the machine was too busy. */
export const BUSY_MACHINE = 'cut at the deadline, and the machine was too busy';

/**
 * Deaths that happened. `exit` and `crash` are orders, which a process may have been too busy, or gone, to obey, and
 * which a stop may contain, as it does a rejection: a process that has reported since has not died of one. After its
 * report an error is the program's own again, whose cleanup may still run.
 */
export function deaths({ faults, evidence }: Seen): readonly Done[] {
  return faults.filter(({ fault, pid }) => {
    if (fault.kind === 'kill' || fault.kind === 'kill primary') return true;
    const fell = evidence.all('fault').findLast((entry) => entry.pid === pid && entry.rest === fault.kind);
    const reported = evidence.all('report').findLast((entry) => entry.pid === pid);
    return deadly.has(fault.kind) && fell !== undefined && (reported === undefined || reported.at < fell.at);
  });
}

const isDead = (seen: Seen, pid: number): boolean => deaths(seen).some((death) => death.pid === pid);

/** Whether the process that gets the signal died of a fault, be it a primary or a server. */
export const firstDied = (seen: Seen): boolean => isDead(seen, seen.pid);

export const primaryDied = (seen: Seen): boolean => seen.scenario.workers > 0 && firstDied(seen);

/** Whether the machine was too busy for a stop in time: a process had no processor for a quarter of it. */
export function isStarved({ evidence, stoppedAt, scenario }: Seen): boolean {
  const pids = new Set(evidence.all('waited').map(({ pid }) => pid));
  return [...pids].some((pid) => evidence.waited(pid, stoppedAt) >= scenario.options.timeout / 4);
}

/**
 * Whether the second signal came late enough to force the exit, after the first was read: the process may have stood
 * still.
 */
export function wasForced({ scenario, againAt, stoppedAt, end, evidence, pid }: Seen): boolean {
  const { secondSignalDelay } = scenario.options;
  const { at = 0, rest = '' } = evidence.all('report').findLast((entry) => entry.pid === pid) ?? {};
  const readAt = rest === '' ? stoppedAt : at - (JSON.parse(rest) as ShutdownReport).duration;
  const inTime = againAt !== undefined && againAt - readAt >= secondSignalDelay - SAME_MOMENT_MS;
  return inTime && (end === undefined || end.at >= againAt);
}

/** The exit code of a process that a second signal has forced. */
export function forcedCode({ scenario }: Seen): number {
  return 128 + constants.signals[scenario.stop.signal];
}

/** Whether a worker got the second signal of a group after its primary had died, which would have decided for it. */
function wasForcedItself(seen: Seen, pid: number): boolean {
  const { evidence, againAt = Infinity, scenario } = seen;
  if (!primaryDied(seen) || scenario.stop.to !== 'group') return false;
  const forced = String(forcedCode(seen));
  return evidence
    .all('exit')
    .some((exit) => exit.pid === pid && exit.rest === forced && exit.at >= againAt - SAME_MOMENT_MS);
}

/** What explains that a client did not get its answer; undefined if nothing does. */
export function explainLoss(seen: Seen, attempt: Attempt): string | undefined {
  const { scenario, evidence, faults, againAt = Infinity } = seen;
  if (wasForced(seen) && attempt.endedAt >= againAt - SAME_MOMENT_MS)
    return 'a second signal forced the exit';
  const holder = evidence.holder(attempt);
  if (holder !== undefined && isDead(seen, holder.pid)) return 'held by a process that died';
  if (holder !== undefined && wasForcedItself(seen, holder.pid))
    return 'a second signal forced its process to exit';
  const late = seen.stoppedAt + scenario.options.timeout / 2;
  if (holder !== undefined && attempt.endedAt >= late && isStarved(seen)) return BUSY_MACHINE;
  if (crossedTheEnd(seen, attempt)) return 'sent to an idle connection after its grace';
  if (isDestroyedByProgram(seen, attempt)) return 'the program destroyed it';
  if (gaveUpOn(seen, attempt)) return 'a client that stood still after it had connected';
  if (holder !== undefined)
    return isOfSuccessor(seen, holder.pid) ? 'a stream of the successor, which goes on' : undefined;
  // From here on: connections that no process ever saw.
  if (primaryDied(seen) && scenario.model !== 'shared') return 'held by the primary that died';
  if (scenario.model === 'single' && firstDied(seen)) return 'in the queue of the process that died';
  if (scenario.model === 'reuse-port' && deaths(seen).length > 0)
    return 'in the queue of a group member that died';
  if (isOfFloodedSuccessor(seen, attempt))
    return 'the successor began with a queue longer than its descriptors';
  if (isHandshakeOfBacklog(seen, attempt)) return 'a handshake that the method backlog lost';
  if (scenario.model === 'foreign') return 'held by a primary that is not ours';
  const exhausted = faults.find(
    ({ fault, at, until }) =>
      fault.kind === 'emfile' && attempt.endedAt >= at && attempt.startedAt <= until + REACTION_MS,
  );
  if (exhausted !== undefined) return 'a process had no descriptor for it';
  return undefined;
}

/**
 * The second program on an inherited socket, which is not stopped: its endless streams are open when the scenario ends.
 */
function isOfSuccessor({ evidence, end }: Seen, pid: number): boolean {
  return evidence.all('born').some((entry) => entry.pid === pid && end !== undefined && entry.at > end.at);
}

/**
 * Hostile clients fill the queue of the inherited socket while it starts: the first descriptors end its workers
 * (EMFILE).
 */
function isOfFloodedSuccessor(seen: Seen, { endedAt }: Attempt): boolean {
  const { scenario, evidence } = seen;
  const floods = scenario.clients.some(({ kind }) => (hostile as readonly string[]).includes(kind));
  if (scenario.address !== 'inherited' || !floods) return false;
  const serves = evidence.all('served').find(({ pid }) => isOfSuccessor(seen, pid));
  return serves !== undefined && endedAt >= serves.at;
}

/**
 * HTTP/1.1 has no race-free end of an idle connection: within its grace nothing is lost, after it this is the client's.
 * A connection that has never asked for anything is idle from its start, or from the end of its TLS handshake, on.
 */
function crossedTheEnd({ scenario, evidence }: Seen, attempt: Attempt): boolean {
  const { previous } = attempt;
  if (evidence.executed(attempt.id) !== undefined) return false;
  const secure = ['https', 'h2'].includes(scenario.protocol);
  const opened = secure ? evidence.secured(attempt.localPort) : evidence.holder(attempt);
  const last = previous === undefined ? opened : evidence.answered(previous);
  if (last === undefined) return false;
  const closing = evidence.entries.find(({ pid, word }) => word === 'closing' && pid === last.pid);
  if (closing === undefined) return false;
  const idleSince = Math.max(last.at, closing.at);
  return attempt.sentAt >= idleSince + scenario.options.keepAliveGrace - SAME_MOMENT_MS;
}

/** Whether the program destroyed it: one that ends what is idle on its signal takes a WebSocket for idle. */
function isDestroyedByProgram({ scenario, evidence }: Seen, attempt: Attempt): boolean {
  if (scenario.behaviour !== 'destroying idle sockets' || attempt.kind !== 'websocket') return false;
  const pid = evidence.holder(attempt)?.pid;
  const behaves = evidence.all('behaves').find((entry) => entry.pid === pid);
  return behaves !== undefined && attempt.endedAt >= behaves.at - SAME_MOMENT_MS;
}

/** A connection on which nothing was asked, or no TLS handshake done, for the grace, since the clients stood still. */
function gaveUpOn({ scenario, evidence, stoppedAt }: Seen, attempt: Attempt): boolean {
  if (evidence.executed(attempt.id) !== undefined || attempt.endedAt < stoppedAt) return false;
  return stalledBetween(attempt.startedAt, attempt.endedAt) >= scenario.options.keepAliveGrace;
}

/**
 * Handshakes in progress are lost by the method `backlog` (docs/listeners.md), which is what is left without the addon.
 */
function isHandshakeOfBacklog({ evidence, stoppedAt }: Seen, attempt: Attempt): boolean {
  const sealed = evidence
    .reports()
    .some(({ report }) => report.listeners.some(({ seal }) => seal === 'backlog'));
  return sealed && attempt.startedAt >= stoppedAt - SAME_MOMENT_MS && evidence.holder(attempt) === undefined;
}

/** What explains that a client was refused; undefined if nothing does. */
export function explainRefusal(seen: Seen, attempt: Attempt): string | undefined {
  const { scenario, stoppedAt } = seen;
  if (primaryDied(seen)) return 'the primary died';
  if (deaths(seen).length >= Math.max(1, scenario.workers)) return 'all processes died';
  if (scenario.address === 'inherited') return undefined;
  return attempt.endedAt >= stoppedAt ? 'refused after the signal' : undefined;
}
