import type { Seen } from '../run.ts';
import type { HookKind } from '../scenario.ts';
import { deaths, firstDied, primaryDied, wasForced } from './blast.ts';
import { causes, wroteToDeadWorker } from './ending.ts';

const cleaning = new Set(['async cleanup', 'async cleanup and exit', 'own exit code']);
const OUT_OF_TIME = 'the stop of the program itself had not ended when the time was up';
const printing = new Set(['crash', 'reject', 'reload']);

/** Hooks ran once and in their order, the program's own cleanup was finished, and what was printed is ours. */
export function checkProgram(seen: Seen): readonly string[] {
  return [...checkHooks(seen), ...checkCleanup(seen), ...checkPrinted(seen)];
}

/** Last added first; one that depends on the others after them. */
function rightOrder(hooks: readonly HookKind[]): readonly HookKind[] {
  const last = hooks.filter((kind) => kind === 'dependent');
  return [...hooks.filter((kind) => kind !== 'dependent').toReversed(), ...last];
}

function checkHooks({ scenario, evidence, pid, ...seen }: Seen): readonly string[] {
  const ran = evidence
    .all('hook')
    .filter((entry) => entry.pid === pid)
    .map(({ rest }) => rest);
  const added = scenario.model === 'single' || (scenario.model !== 'foreign' && scenario.way !== 'register');
  const whole = { scenario, evidence, pid, ...seen };
  if (scenario.stop.after < 0 || firstDied(whole) || wasForced(whole) || !added) return [];
  const right = rightOrder(scenario.hooks);
  return ran.join() === right.join() ? [] : [`hooks ran as ${ran.join()}, not ${right.join()}`];
}

function checkCleanup(seen: Seen): readonly string[] {
  const { scenario, evidence } = seen;
  if (!cleaning.has(scenario.behaviour) || wasForced(seen)) return [];
  // A client that reads nothing, or a busy machine, leaves it `cleanupTimeout`, which may be as short as what it does.
  if (seen.stderr.includes(OUT_OF_TIME) && causes(seen).length > 0) return [];
  const exits = evidence.all('fault').filter(({ rest }) => rest === 'exit');
  const died = new Set([...deaths(seen), ...exits].map(({ pid }) => pid));
  const cleaned = new Set(evidence.all('cleaned').map(({ pid }) => pid));
  return evidence
    .all('behaves')
    .filter(({ pid }) => !died.has(pid) && !cleaned.has(pid))
    .map(({ pid }) => `process ${pid} did not finish its own cleanup`);
}

function checkPrinted(seen: Seen): readonly string[] {
  const { stderr, scenario, evidence, pid } = seen;
  const wrong: string[] = [];
  const lines = stderr.split('\n').filter((line) => line !== '');
  const strange = lines.filter((line) => !line.startsWith('graceful-cluster: '));
  const excused = scenario.faults.some(({ kind }) => printing.has(kind));
  // A reload that a stop overtakes fails, and says so; Node itself prints EPIPE in a worker that starts without a
  // primary. So it does where the signal ends a primary that has not begun to listen for it.
  const early =
    (scenario.stop.after < 0 && seen.end?.signal === scenario.stop.signal) || wroteToDeadWorker(seen);
  if (strange.length > 0 && !excused && !early && !primaryDied(seen))
    wrong.push(`printed: ${strange.slice(0, 8).join(' | ')}`);
  const report = evidence.reports().findLast((each) => each.pid === pid)?.report;
  const told = stderr.includes('the stop was not clean');
  if (report !== undefined && !report.clean && !told) wrong.push('not clean, and not a word on stderr');
  if (told && causes(seen).length === 0) wrong.push(`told without a cause: ${lines.join(' | ')}`);
  return wrong;
}
