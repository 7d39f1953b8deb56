import { monotonic, turn, within } from '../clock.ts';
import { createRandom } from '../../test/helpers/random.ts';
import type { Scenario } from '../scenario.ts';
import { createLedger, type Ledger } from './attempt.ts';
import { http1, insist } from './http1.ts';
import { misbehave } from './hostile.ts';
import { chat, converse } from './others.ts';
import type { Surroundings, Where } from './surroundings.ts';

export interface Clients {
  readonly ledger: Ledger;
  /** Ends them: they get `ms` to have what they are owed; what is open then is lost. */
  readonly end: (ms: number) => Promise<void>;
}

const LAST_TURNS = 50;

/** Starts the clients of a scenario; their pauses are drawn from its seed. */
export function startClients({ clients, protocol, seed }: Scenario, where: Where): Clients {
  const ledger = createLedger(monotonic);
  const all = new Set<{ readonly destroy: () => unknown }>();
  const random = createRandom(seed ^ 0x5e_ed);
  let over = false;
  const secure = protocol === 'https' || protocol === 'h2';
  const running = clients.flatMap((group) =>
    Array.from({ length: group.count }, () => {
      const around: Surroundings = { where, secure, ledger, random, group, over: () => over, all };
      const ask = http1[group.kind];
      if (ask !== undefined) return insist(around, ask);
      if (group.kind === 'websocket') return chat(around);
      return group.kind === 'h2' ? converse(around) : misbehave(around);
    }),
  );
  const done = Promise.all(running);
  return {
    ledger,
    end: async (ms) => {
      over = true;
      await within(done, ms);
      // What came while this process stood still is read first.
      for (let turns = 0; turns < LAST_TURNS; turns += 1) await turn();
      for (const attempt of ledger.attempts) ledger.settle(attempt, 'lost', 'hung');
      for (const connection of all) connection.destroy();
      await within(done, ms);
    },
  };
}
