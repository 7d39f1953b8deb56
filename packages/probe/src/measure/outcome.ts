/**
 * How an attempt ended, from the client's side:
 *
 * - `answered`: a complete answer with a status below 400, or below 500 where a 4xx is asked for
 * - `refused`: ECONNREFUSED in connect; the client knows at once and goes elsewhere
 * - `reset-before-accept`: connect itself failed with a reset
 * - `reset`: connected and the request written, then a reset before any byte of the answer
 * - `empty`: the server ended the connection before any byte of the answer
 * - `cut`: the answer began and never became complete
 * - `unavailable`: a complete answer with any other status
 * - `hung`: nothing of the above in time
 */
export type Outcome =
  | 'answered'
  | 'refused'
  | 'reset-before-accept'
  | 'reset'
  | 'empty'
  | 'cut'
  | 'unavailable'
  | 'hung';

/** An outcome that costs a client its request. */
export type LostOutcome = Exclude<Outcome, 'answered' | 'refused'>;

export const outcomes: readonly Outcome[] = [
  'answered',
  'refused',
  'reset-before-accept',
  'reset',
  'empty',
  'cut',
  'unavailable',
  'hung',
];

/** Attempts by how they ended. */
export type Counts = Record<Outcome, number>;

export function emptyCounts(): Counts {
  return {
    answered: 0,
    refused: 0,
    'reset-before-accept': 0,
    reset: 0,
    empty: 0,
    cut: 0,
    unavailable: 0,
    hung: 0,
  };
}

export function isLost(outcome: Outcome): outcome is LostOutcome {
  return outcome !== 'answered' && outcome !== 'refused';
}

/** How many attempts these are, however they ended. */
export function countAttempts(counts: Counts): number {
  return outcomes.reduce((sum, outcome) => sum + counts[outcome], 0);
}

/** How many of these attempts cost a client its request. */
export function countLost(counts: Counts): number {
  return countAttempts(counts) - counts.answered - counts.refused;
}

export function addCounts(sum: Counts, counts: Counts): void {
  for (const outcome of outcomes) sum[outcome] += counts[outcome];
}

export function sumCounts(rounds: readonly { readonly counts: Counts }[]): Counts {
  const counts = emptyCounts();
  for (const round of rounds) addCounts(counts, round.counts);
  return counts;
}

/** Outcomes as people read them. */
export const outcomeNames: Readonly<Record<Outcome, string>> = {
  answered: 'answered',
  refused: 'refused',
  'reset-before-accept': 'reset before accept',
  reset: 'reset after accept',
  empty: 'empty reply',
  cut: 'cut mid-response',
  unavailable: 'answered with an error',
  hung: 'hung',
};
