import type { FastifyInstance } from 'fastify';

/** Not a fake one, which tests may put in its place. */
const { setTimeout } = globalThis;

/**
 * Most looks, a millisecond or more apart, for which hooks wait while WebSockets of `@fastify/websocket` are open. Core
 * reads what the clients have sent, and then says Close 1001; the hook of that plugin closes WebSockets at once,
 * without a code. One that the application ends by itself (`onUpgrade`) stays open for longer.
 */
const MAX_LOOKS = 200;

interface WithWebSockets {
  /** Set by `@fastify/websocket`: a server of the `ws` library. */
  readonly websocketServer?: {
    readonly clients?: Iterable<{ readonly readyState: number; readonly OPEN: number }>;
  };
}

type Hook = (this: FastifyInstance, done?: (error?: unknown) => void) => unknown;
type AddHook = (this: FastifyInstance, name: string, hook: unknown) => FastifyInstance;

/**
 * Runs `preClose` hooks when the listeners are off the network. They are there to end what would go on for ever, such
 * as feeds and WebSockets, so the drain would wait for them. Fastify itself runs them when it closes, and answers 503
 * from then on; that comes after the drain, and by then each of them has run, once.
 *
 * Encapsulated instances inherit `addHook` from the root. Hooks from before the plugin was registered are Fastify's.
 *
 * @returns a function that runs them, once core has said Close on the WebSockets of `@fastify/websocket`
 */
export function takePreCloseHooks(root: FastifyInstance): () => void {
  const runs: (() => Promise<unknown>)[] = [];
  // Called on the instance.
  // oxlint-disable-next-line typescript/unbound-method
  const addHook = root.addHook as unknown as AddHook;

  function takeHook(this: FastifyInstance, name: string, hook: unknown): FastifyInstance {
    if (name !== 'preClose' || typeof hook !== 'function') return addHook.call(this, name, hook);
    let running: Promise<unknown> | undefined;
    const run = (): Promise<unknown> => (running ??= runHook(this, hook as Hook));
    const added = addHook.call(this, name, async () => run());
    runs.push(run);
    return added;
  }
  root.addHook = takeHook;

  function runAll(): void {
    // Fastify gets the same promise when it closes, and logs what went wrong.
    for (const run of runs) run().catch(() => {});
  }

  function runWhenSaid(looks: number): void {
    const { clients = [] } = (root as WithWebSockets).websocketServer ?? {};
    const isOpen = [...clients].some(({ readyState, OPEN }) => readyState === OPEN);
    if (isOpen && looks < MAX_LOOKS) setTimeout(runWhenSaid, 1, looks + 1);
    else runAll();
  }

  return () => runWhenSaid(0);
}

async function runHook(instance: FastifyInstance, hook: Hook): Promise<unknown> {
  if (hook.length === 0) return hook.call(instance);
  return new Promise<void>((resolve, reject) => {
    void hook.call(instance, (error) => {
      // Fastify takes any true value for an error.
      if (error) reject(error);
      else resolve();
    });
  });
}
