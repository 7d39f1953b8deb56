import type { FastifyInstance } from 'fastify';

/**
 * Turns of the event loop that hooks wait where `@fastify/websocket` is loaded. Core first reads what WebSockets have sent,
 * for up to ten turns, and then says Close 1001; the hook of that plugin closes them at once, without a code.
 */
const READ_TURNS = 12;

type Hook = (this: FastifyInstance, done?: () => void) => unknown;
type AddHook = (this: FastifyInstance, name: string, hook: unknown) => FastifyInstance;

/**
 * Runs `preClose` hooks when the listeners are off the network. They are there to end what would go on for ever, such as
 * feeds and WebSockets, so the drain would wait for them. Fastify itself runs them when it closes, and answers 503 from
 * then on; that comes after the drain, and by then each of them has run, once.
 *
 * Encapsulated instances inherit `addHook` from the root. Hooks from before the plugin was registered are Fastify's.
 *
 * @returns a function that runs them, some turns of the loop later where WebSockets are to be closed first
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

  function wait(turns: number): void {
    if (turns === 0) runAll();
    else setImmediate(wait, turns - 1);
  }

  return () => wait(root.hasDecorator('websocketServer') ? READ_TURNS : 0);
}

async function runHook(instance: FastifyInstance, hook: Hook): Promise<unknown> {
  if (hook.length === 0) return hook.call(instance);
  return new Promise<void>((resolve) => {
    void hook.call(instance, resolve);
  });
}
