import { leaveEndToProgram } from '../../process/exit.ts';
import { nodeCluster } from '../../process/node-cluster.ts';

/**
 * Answers a program that calls `cluster.disconnect(callback)` during a shutdown: the callback is called once all
 * workers that served are gone. It is the program's own stop, which ends by itself. Node alone would wait for idle
 * forks as well (`idle-forks.ts`), which stay to the end. Returns a function that stops answering.
 *
 * @param gone - resolves when the workers are gone
 */
export function answerDisconnect(gone: () => Promise<unknown>): () => void {
  const cluster = nodeCluster();
  const disconnect = cluster.disconnect.bind(cluster);
  const answered: typeof cluster.disconnect = (callback) => {
    disconnect();
    if (typeof callback !== 'function') return;
    leaveEndToProgram();
    void gone().then(callback);
  };
  cluster.disconnect = answered;
  return () => {
    if (cluster.disconnect === answered) cluster.disconnect = disconnect;
  };
}
