// The other side of `remote-load.ts`.
import { constants, setPriority } from 'node:os';
import { arrivals } from '../clients/arrivals.ts';
import { startClients, type Load } from './load.ts';
import type { FromRemote, ToRemote } from './remote-load.ts';

let load: Load | undefined;

try {
  // High priority: arrivals stay steady, and their times true, while the server uses all of the processor.
  setPriority(constants.priority.PRIORITY_HIGHEST);
} catch {
  // Only root may.
}

process.on('message', (message: ToRemote) => {
  if (message.type === 'start') start(startClients(message.target, [arrivals], message.load));
  else if (message.type === 'signalled') load?.signalled(message.at);
  else if (message.type === 'stop') load?.stop();
  else load?.expire();
});
process.on('disconnect', () => process.exit());

function start(started: Load): void {
  load = started;
  const tell = (message: FromRemote): void => {
    process.send?.(message);
  };
  const timer = setInterval(() => {
    const { counts, firstRefused } = started;
    tell({ type: 'state', counts, firstRefused });
  }, 50);
  void started.ended.then(() => {
    clearInterval(timer);
    process.send?.({ type: 'result', tally: started.result() } satisfies FromRemote, () =>
      process.disconnect(),
    );
  });
}
