import { nextTick } from '../../clock.ts';
import { shared } from '../../process/registry.ts';

/** What lets go, while a disconnect is held: one hold, however many coordinators this worker has. */
const holds = shared<Map<'disconnect', () => void>>('holds', Map);

/**
 * Holds a disconnect of the program's own in a worker that stops, by `process.disconnect()` or by
 * `worker.disconnect()`, which calls that: the report goes over the channel, and a primary that gets none takes this
 * worker for crashed.
 */
export function holdDisconnect(): void {
  const disconnect = process.disconnect?.bind(process);
  if (disconnect === undefined || holds.has('disconnect')) return;
  let asked = false;
  const held = (): void => {
    asked = true;
    // Node calls this too where the primary has died, and takes the channel away behind it.
    nextTick(() => {
      if (!process.channel && process.connected) noteDeath();
    });
  };
  process.disconnect = held;
  holds.set('disconnect', () => {
    if (process.disconnect === held) process.disconnect = disconnect;
    if (asked && process.connected) disconnect();
  });
}

/** Lets go, and disconnects if that was asked for. */
export function letDisconnect(): void {
  const letGo = holds.get('disconnect');
  holds.delete('disconnect');
  letGo?.();
}

/** Makes known what Node's own `disconnect()` would, which fails where the channel is gone already. */
function noteDeath(): void {
  (process as { connected: boolean }).connected = false;
  process.emit('disconnect');
}
