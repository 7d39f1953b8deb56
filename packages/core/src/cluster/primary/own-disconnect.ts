import { leaveEndToProgram } from '../../process/exit.ts';
import { nodeCluster } from '../../process/node-cluster.ts';

/**
 * Watches for a program that calls `cluster.disconnect()` during a shutdown: its callback is the program's own stop, which
 * ends by itself. Returns a function that stops watching.
 */
export function watchOwnDisconnect(): () => void {
  const cluster = nodeCluster();
  const disconnect = cluster.disconnect.bind(cluster);
  const watched: typeof cluster.disconnect = (callback) => {
    if (callback !== undefined) leaveEndToProgram();
    disconnect(callback);
  };
  cluster.disconnect = watched;
  return () => {
    if (cluster.disconnect === watched) cluster.disconnect = disconnect;
  };
}
