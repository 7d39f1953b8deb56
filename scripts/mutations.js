// Steps of the order that loses no client, each with the compiled line that takes it, what is put there instead, and
// the checks that have to fail then: a test file, or a scenario of the chaos runs.
const test = (file) => ({ name: `test/${file}`, args: ['scripts/run-tests.js', `build/test/${file}.js`] });

const usual = {
  seed: 1,
  model: 'single',
  address: 'tcp',
  way: 'attach',
  protocol: 'http',
  workers: 0,
  options: {
    timeout: 5000,
    cleanupTimeout: 600,
    keepAliveGrace: 400,
    handshakeTimeout: 300,
    secondSignalDelay: 1000,
    shutdownDelay: 0,
  },
  seal: 'auto',
  behaviour: 'none',
  hooks: [],
  clients: [{ kind: 'fresh', count: 24, think: 0 }],
  faults: [],
  stop: { signal: 'SIGTERM', to: 'process', after: 500 },
};
const chaos = (name, scenario) => ({
  name: `chaos: ${name}`,
  args: ['build/chaos/main.js', '--no-shrink', '--scenario', JSON.stringify({ ...usual, ...scenario })],
});

const cluster = { model: 'round-robin', workers: 2 };
const kept = [
  { kind: 'fresh', count: 4, think: 20 },
  { kind: 'kept', count: 24, think: 150 },
];
const pipelined = [
  { kind: 'fresh', count: 4, think: 20 },
  { kind: 'pipelined', count: 12, think: 150 },
];

export const mutations = [
  {
    step: 'the seal',
    file: 'listener/close.js',
    line: 'for (const method of bestFirst.slice(Math.max(start, 0))) {',
    instead: 'for (const method of []) {',
    checks: [test('listener/close-listener.test'), chaos('new connections', {})],
  },
  {
    step: 'the wait for handshakes',
    file: 'listener/handshakes.js',
    line: 'export async function waitForHandshakes(target, counted) {',
    instead: 'export async function waitForHandshakes(target, counted) { return;',
    checks: [test('listener/handshakes.test'), test('listener/network.test')],
  },
  {
    step: 'the emptying of the accept queue',
    file: 'listener/accept-queue.js',
    line: 'export async function emptyQueue(target) {',
    instead: 'export async function emptyQueue(target) { return;',
    checks: [test('listener/close-listener.test'), chaos('new connections', {})],
  },
  {
    step: 'the wait for hand-overs',
    file: 'cluster/primary/round-robin.js',
    line: 'handedOver: async (expired) => {',
    instead: 'handedOver: async (expired) => { return 0;',
    checks: [
      test('cluster/hand-over.test'),
      chaos('new connections to busy workers', {
        ...cluster,
        clients: [{ kind: 'fresh', count: 48, think: 0 }],
        faults: [
          { at: -20, target: 0, kind: 'block', ms: 300 },
          { at: -20, target: 1, kind: 'block', ms: 300 },
        ],
      }),
    ],
  },
  {
    step: 'the grace of idle connections',
    file: 'connections/http1/idle.js',
    line: 'graces.set(connection, grace);',
    instead: 'graces.set(connection, 0);',
    checks: [test('conformance/http1.test'), chaos('kept connections', { clients: kept })],
  },
  {
    step: 'close on the last of a pipeline only',
    file: 'connections/http1/admit.js',
    line: 'if (connection.inFlight.last !== response)',
    instead: 'if (false)',
    also: [['if (!isLast(socket, response) &&', 'if (false &&']],
    checks: [chaos('pipelined requests', { clients: pipelined })],
  },
  {
    step: 'the guard of worker.disconnect()',
    file: 'cluster/primary/worker-handle.js',
    line: 'worker.disconnect = () => worker;',
    instead: '',
    checks: [test('cluster/register.test')],
  },
  {
    step: "the drain in front of Node's disconnect",
    file: 'cluster/worker/primary-link.js',
    line: 'onDisconnectOrder(dismissed)',
    instead: '() => {}',
    checks: [
      chaos('a primary that is not ours disconnects', {
        model: 'foreign',
        workers: 2,
        clients: [...kept, { kind: 'events', count: 2, think: 20 }],
      }),
    ],
  },
  {
    step: "the deferral of the program's close",
    file: 'shutdown/postponed-close.js',
    line: 'if (draining && ours) {',
    instead: 'if (false) {',
    also: [['if (!draining)', 'if (true)']],
    checks: [test('lifecycle/programmatic.test')],
  },
  {
    step: 'the read stop of a hand-back',
    file: 'node-internals/hand-over.js',
    line: 'handle.readStop();',
    instead: '',
    checks: [
      test('cluster/hand-back.test'),
      chaos('reloads under kept connections', {
        ...cluster,
        clients: [{ kind: 'kept', count: 48, think: 1 }],
        faults: [{ at: -1500, target: 0, kind: 'reload' }],
        stop: { ...usual.stop, after: 2500 },
      }),
    ],
  },
  {
    step: 'the guard of an inherited socket',
    file: 'listener/close.js',
    line: 'if (target.socket.inherited) {',
    instead: 'if (false) {',
    checks: [test('listener/inherited.test')],
  },
  {
    step: 'the wait for what is read behind a half-close',
    file: 'connections/half-closed.js',
    line: 'if (isRead(socket) && until > time) {',
    instead: 'if (false) {',
    checks: [test('connections/half-closed.test')],
  },
  {
    step: 'the wait for requests that are owed an answer',
    file: 'connections/http1/track.js',
    line: 'idleCount() + census.owing()',
    instead: 'idleCount()',
    checks: [test('beside/beside.test')],
  },
  {
    step: 'the order to worker threads',
    file: 'threads/main.js',
    line: "channel.post({ type: 'drain', reason: draining.reason, timeout });",
    instead: '',
    checks: [test('lifecycle/worker-thread.test')],
  },
  {
    step: 'the marks of own listeners at a hand-back',
    file: 'node-internals/hand-over.js',
    line: '.filter((listener) => !ownListeners.has(listener))',
    instead: '',
    checks: [test('cluster/hand-back.test')],
  },
  {
    step: 'an unknown accept queue is not clean',
    file: 'shutdown/create-report.js',
    line: 'listeners.every(({ abandoned }) => abandoned !== null) &&',
    instead: '',
    checks: [test('lifecycle/truth.test')],
  },
  {
    step: 'the handler behind one that is there once',
    file: 'cluster/worker/handlers.js',
    line: 'process.on(received.signal, () => { });',
    instead: ';',
    checks: [test('cluster/faults.test')],
  },
  {
    step: 'the end of the containment of errors',
    file: 'process/uncaught.js',
    line: '() => unfinishedStops().length > 0',
    instead: '() => true',
    checks: [test('lifecycle/fatal-errors.test')],
  },
  {
    step: 'the guard of a close that the program kept',
    file: 'shutdown/postponed-close.js',
    line: 'restores.push(guardKeptClose(server, guardClose));',
    instead: '',
    checks: [test('beside/beside.test')],
  },
  {
    step: 'the guard of an exit that is imported by name',
    file: 'process/guard.js',
    line: 'syncBuiltinESMExports();',
    instead: '',
    checks: [test('beside/beside.test')],
  },
  {
    step: 'the code of an exit that nothing could defer',
    file: 'process/guard.js',
    line: 'process.exitCode = 1;',
    instead: ';',
    checks: [test('lifecycle/kept-exit.test')],
  },
  {
    step: 'the wait for the end of threads that have drained',
    file: 'threads/main.js',
    line: 'await threads.ended();',
    instead: '',
    checks: [test('lifecycle/worker-thread.test')],
  },
  {
    step: "the order to drain in front of a program's own stop message",
    file: 'cluster/primary/workers.js',
    line: 'ordered ? 0 : entries.size',
    instead: '0',
    checks: [test('cluster/own-stop.test')],
  },
  {
    step: "the program's own listeners right behind the orders",
    file: 'shutdown/calm.js',
    line: 'await turn();',
    instead: '',
    checks: [test('cluster/own-stop.test')],
  },
  {
    step: 'the wait for what a stop message begins',
    file: 'process/stop-messages.js',
    line: 'if (isStopMessage(message))',
    instead: 'if (false)',
    checks: [test('cluster/own-stop.test')],
  },
  {
    step: 'the preload of workers with flags of their own',
    file: 'cluster/primary/preload.js',
    line: 'if (replaced && !flags.includes(href))',
    instead: 'if (false)',
    checks: [test('cluster/own-stop.test')],
  },
  {
    step: "the wait of a worker's disconnect for its report",
    file: 'cluster/worker/primary-link.js',
    line: 'letDisconnect ??= holdDisconnect();',
    instead: '',
    checks: [test('cluster/own-stop.test')],
  },
  {
    step: 'the death of the primary, where a disconnect is held',
    file: 'cluster/worker/held-disconnect.js',
    line: '!process.channel && process.connected',
    instead: 'false',
    checks: [test('cluster/own-stop.test')],
  },
];
