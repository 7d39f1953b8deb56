import type { Attempt } from '../clients/attempt.ts';
import type { Seen } from '../run.ts';
import { hostile } from '../scenario.ts';
import { explainLoss, explainRefusal } from './blast.ts';

/** Every client was answered, refused, or lost to a fault that reached it. */
export function checkClients(seen: Seen): readonly string[] {
  return seen.attempts.flatMap((attempt) => {
    if ((hostile as readonly string[]).includes(attempt.kind)) return [];
    if (attempt.outcome === 'refused' && explainRefusal(seen, attempt) === undefined) {
      return [describe(seen, attempt, 'refused')];
    }
    if (attempt.outcome === 'lost' && explainLoss(seen, attempt) === undefined) {
      return [describe(seen, attempt, 'lost')];
    }
    return [];
  });
}

function describe({ stoppedAt, evidence }: Seen, attempt: Attempt, what: string): string {
  const { id, how, startedAt, sentAt, endedAt, previous } = attempt;
  const since = (at: number): string => (at - stoppedAt).toFixed(1);
  const holder = evidence.holder(attempt);
  const parts = [
    `${id} ${what} (${how})`,
    `connected at ${since(startedAt)} ms`,
    ...(sentAt > 0 ? [`asked at ${since(sentAt)}`] : []),
    `ended at ${since(endedAt)}`,
    holder === undefined
      ? 'no process had it'
      : `${holder.word} of process ${holder.pid} at ${since(holder.at)}`,
    ...(previous === undefined ? [] : [`after ${previous}`]),
  ];
  return parts.join(', ');
}
