import type { ShutdownReport } from '@graceful-cluster/core';
import type { Seen } from '../run.ts';
import { firstDied, wasForced } from './blast.ts';
import { causes } from './ending.ts';

/** The reports add up, agree with the clients, and are clean exactly where they have to be. */
export function checkReports(seen: Seen): readonly string[] {
  const { evidence, pid, scenario } = seen;
  const reports = evidence.reports();
  const wrong = reports.flatMap((each) =>
    checkSums(each.report).map((what) => `report of ${each.pid}: ${what}`),
  );
  const own = reports.findLast((each) => each.pid === pid)?.report;
  if (own === undefined) {
    const excused =
      firstDied(seen) || wasForced(seen) || scenario.model === 'foreign' || scenario.stop.after < 0;
    return excused ? wrong : [...wrong, 'there is no report'];
  }
  if (!own.clean && causes(seen).length === 0)
    wrong.push(`not clean, and nothing was wrong: ${JSON.stringify(own)}`);
  const failing = scenario.hooks.some((kind) => kind === 'failing' || kind === 'hanging');
  if (own.clean && failing && own.hooks.length > 0) wrong.push('clean, with a hook that fails');
  if (scenario.workers === 0) wrong.push(...compare(seen, own));
  return wrong;
}

function checkSums({ requests, connections, clean, exitCode }: ShutdownReport): readonly string[] {
  const { inFlight, arrived, served, cut, gone } = requests;
  const wrong: string[] = [];
  if (inFlight + arrived !== served + cut + gone)
    wrong.push(`requests do not add up: ${JSON.stringify(requests)}`);
  if (connections.cut.length > connections.cutTotal) wrong.push('more connections are named than were cut');
  if (clean !== (exitCode === 0)) wrong.push(`clean is ${clean} and the exit code ${exitCode}`);
  return wrong;
}

/** With one process that made one report, what it says of requests is what it noted of them. */
function compare(
  { evidence, scenario, attempts, pid }: Seen,
  { requests }: ShutdownReport,
): readonly string[] {
  // The second copy reports as well, and both close at their own time; a server that is attached late may miss some.
  if (scenario.way === 'two copies') return [];
  const closing = evidence.all('closing')[0];
  if (closing === undefined) return [];
  const after = (word: string): number =>
    evidence.all(word).filter((entry) => entry.pid === pid && entry.at > closing.at).length;
  const upgraded = attempts.filter(({ kind }) => kind === 'websocket').length;
  const answered = after('answered');
  // The note of an answer that was finished in the turn of the seal may come a little later than its count, and Node
  // emits `finish` for one that is destroyed in the middle of its body.
  if (Math.abs(requests.served - answered) <= MAX_ANSWERS_OF_TURN + upgraded + requests.cut) return [];
  return [`served is ${requests.served}, and the program noted ${answered} answers since it closed`];
}

/** Answers that may be finished in the turn in which the listeners close. */
const MAX_ANSWERS_OF_TURN = 1;
