import { nameNoOptions } from './describe.ts';
import { expected, GracefulTypeError } from './errors.ts';

/**
 * Checks that options are an object, and that each has a name that is known: for adapters, which have options of their
 * own beside those of `createCoordinator`.
 *
 * @param known - all names that are allowed
 * @param instead - the right call where an app, a server or a request was passed: `app.use(graceful())`
 * @throws ERR_GRACEFUL_INVALID_OPTION
 */
export function checkOptionNames(options: unknown, known: readonly string[], instead: string): void {
  const kind = nameNoOptions(options);
  if (kind !== undefined) throw invalid(`got ${kind} in place of options: use ${instead}`);
  if (typeof options !== 'object' || options === null) {
    throw expected('ERR_GRACEFUL_INVALID_OPTION', 'options', 'an object', options);
  }
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw invalid(unknownName(name, known));
  }
}

/** ``unknown option `timout`: did you mean `timeout`?``, or the list of those that exist. */
export function unknownName(name: string, known: readonly string[]): string {
  const meant = findClosest(name, known);
  const hint = meant === undefined ? `options are ${known.join(', ')}` : `did you mean \`${meant}\`?`;
  return `unknown option \`${name}\`: ${hint}`;
}

/** The name that differs by the fewest typing errors, if those are few for its length. */
function findClosest(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = countEdits(lower, candidate.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

/** Letters that were left out, added, replaced, or swapped with their neighbour (Damerau and Levenshtein). */
function countEdits(left: string, right: string): number {
  const rows: number[][] = [Array.from({ length: right.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? 0;
  for (let row = 1; row <= left.length; row += 1) {
    rows.push([row]);
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let edits = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (same ? 0 : 1),
      );
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped && row > 1 && column > 1) edits = Math.min(edits, at(row - 2, column - 2) + 1);
      rows[row]?.push(edits);
    }
  }
  return at(left.length, right.length);
}

function invalid(message: string): GracefulTypeError {
  return new GracefulTypeError('ERR_GRACEFUL_INVALID_OPTION', message);
}
