/**
 * Holds a disconnect of the program's own in a worker that stops, by `process.disconnect()` or by `worker.disconnect()`, which
 * calls that: the report goes over the channel, and without one this worker has died in the eyes of its primary.
 *
 * @returns a function that lets go, and disconnects if that was asked for
 */
export function holdDisconnect(): () => void {
  const disconnect = process.disconnect?.bind(process);
  if (disconnect === undefined) return () => {};
  let asked = false;
  const held = (): void => {
    asked = true;
  };
  process.disconnect = held;
  return () => {
    if (process.disconnect === held) process.disconnect = disconnect;
    if (asked && process.connected) disconnect();
  };
}
