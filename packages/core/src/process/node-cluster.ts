import type { Cluster, Worker } from 'node:cluster';

/**
 * `node:cluster`, which most programs do without: loaded when it is used. By `process.getBuiltinModule`, since an ES
 * module has no `require`, and `import()` gives a promise.
 */
export function nodeCluster(): Cluster {
  // The declarations of Node describe the namespace of an ES module, whose default export this is.
  return process.getBuiltinModule('node:cluster') as unknown as Cluster;
}

/** This process as a worker of a cluster, if it is one. A process without an IPC channel is not asked any further. */
export function thisWorker(): Worker | undefined {
  return process.send === undefined ? undefined : nodeCluster().worker;
}
