/**
 * Holds a disconnect of the program's own in a worker that stops, by `process.disconnect()` or by
 * `worker.disconnect()`, which calls that: the report goes over the channel, and a primary that gets none takes this
 * worker for crashed.
 *
 * @returns a function that lets go, and disconnects if that was asked for
 */
export function holdDisconnect(): () => void {
  const disconnect = process.disconnect?.bind(process);
  if (disconnect === undefined) return () => {};
  let asked = false;
  const held = (): void => {
    asked = true;
    // Node calls this too where the primary has died, and takes the channel away behind it.
    process.nextTick(() => {
      if (!process.channel && process.connected) noteDeath();
    });
  };
  process.disconnect = held;
  return () => {
    if (process.disconnect === held) process.disconnect = disconnect;
    if (asked && process.connected) disconnect();
  };
}

/** Makes known what Node's own `disconnect()` would, which fails where the channel is gone already. */
function noteDeath(): void {
  (process as { connected: boolean }).connected = false;
  process.emit('disconnect');
}
