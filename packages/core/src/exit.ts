/** Longest wait in milliseconds for what the loop still holds, such as the transport of a logger. */
const FLUSH = 100;

let leaving = 0;
let worst = 0;

/**
 * Ends the process when the last of the shutdowns that want it has finished, with the worst of their codes: several
 * coordinators in one process must not cut each other short.
 */
export function beginExit(): (code: number) => void {
  leaving += 1;
  return (code) => {
    leaving -= 1;
    worst = Math.max(worst, code);
    if (leaving > 0) return;
    process.exitCode = worst;
    // Unreferenced: where nothing else holds the loop, the process ends by itself, sooner.
    setTimeout(() => process.exit(), FLUSH).unref();
  };
}
