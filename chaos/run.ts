import { startClients, type Clients } from './clients/all.ts';
import type { Attempt } from './clients/attempt.ts';
import type { Where } from './clients/surroundings.ts';
import { monotonic, sleep, within } from './clock.ts';
import { readEvidence, type Evidence } from './evidence.ts';
import { startFaults, type Done } from './faults.ts';
import { isOpen, signal, startProgram, type End, type Program } from './processes.ts';
import type { Scenario } from './scenario.ts';

/** All that was seen of a scenario: by its clients, in the notes of its processes, and from outside. */
export interface Seen {
  readonly scenario: Scenario;
  readonly pid: number;
  readonly attempts: readonly Attempt[];
  readonly evidence: Evidence;
  readonly faults: readonly Done[];
  /** When the stop signal was sent, and when it was sent again. */
  readonly stoppedAt: number;
  readonly againAt: number | undefined;
  /** Of the first process; undefined if it had to be killed. */
  readonly end: End | undefined;
  readonly stderr: string;
  /** Processes that were there after the end. */
  readonly left: readonly number[];
  /** Whether a process listened after the end, or a socket's file was there. */
  readonly open: boolean;
  /** Whether the clients ran: the program may be stopped before it listens. */
  readonly served: boolean;
}

/** What a busy machine may add to a program's own deadline, in milliseconds. */
export const SLACK_MS = 3_000;
/** Milliseconds between two looks for orphans: those of a killed primary drain by themselves, in their own time. */
const ORPHANS_LOOK_MS = 50;
/** What a client may take to see what the kernel has for it: under `filter` its SYN is refused at the first retry. */
const LAST_WORDS_MS = 2_500;
const START_LIMIT_MS = 30_000;
/** Clients of the successor on an inherited socket. */
const SUCCESSOR_MS = 300;

export async function run(scenario: Scenario, node: string): Promise<Seen> {
  const program = await startProgram(scenario, node);
  try {
    return await stopUnderLoad(scenario, program);
  } finally {
    program.remove();
  }
}

async function stopUnderLoad(scenario: Scenario, program: Program): Promise<Seen> {
  const { stop, options, address } = scenario;
  let where: Where | undefined;
  let clients: Clients | undefined;
  if (stop.after >= 0) {
    where = await within(program.listening(), START_LIMIT_MS);
    if (where === undefined) throw new Error(`the program did not start: ${program.stderr()}`);
    clients = startClients(scenario, where);
  } else while (program.evidence().all('born').length === 0) await sleep(1);
  const due = monotonic() + Math.abs(stop.after);
  const faults = startFaults(scenario, program, due);
  await sleep(due - monotonic());
  const stoppedAt = monotonic();
  const send = (): unknown => signal(stop.to === 'group' ? -program.pid : program.pid, stop.signal);
  send();
  let againAt: number | undefined;
  if (stop.again !== undefined) {
    setTimeout(() => {
      againAt = monotonic();
      send();
    }, stop.again);
  }
  // Workers of a primary that is not ours hear of the stop when they get to it, and have all their time from then on.
  const limit = options.timeout * (scenario.model === 'foreign' ? 2 : 1) + SLACK_MS;
  const end = await within(program.exited, limit);
  while (program.alive().length > 0 && monotonic() < stoppedAt + limit) await sleep(ORPHANS_LOOK_MS);
  const left = program.alive();
  if (address === 'inherited' && clients !== undefined) {
    await program.succeed();
    await sleep(SUCCESSOR_MS);
  }
  await clients?.end(LAST_WORDS_MS);
  const open = where !== undefined && address !== 'inherited' && (await isOpen(where));
  return {
    scenario,
    pid: program.pid,
    attempts: clients?.ledger.attempts ?? [],
    evidence: readEvidence(`${program.folder}/evidence`),
    faults,
    stoppedAt,
    againAt,
    end,
    stderr: program.stderr(),
    left,
    open,
    served: clients !== undefined,
  };
}
