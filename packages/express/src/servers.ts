import type { Server } from 'node:net';
import type { ShutdownCoordinator } from '@graceful-cluster/core';
import { onServerListening } from '@graceful-cluster/core/adapter';

/** Not a fake one, which tests may put in its place. */
const { setImmediate } = globalThis;

/**
 * Which `graceful()` a server belongs to. One that listens with an app is of the `graceful()` mounted on that app:
 * `known`. A handler that wraps an app does not show it, so every `graceful()` is offered the server: `guessed`, until
 * it turns out that another one knows it.
 */
export type Certainty = 'known' | 'guessed';

/** What one `graceful()` does about servers. */
export interface Claim {
  readonly take: (server: Server, certainty: Certainty) => void;
  /** Claims the servers that listen with this app; false if another coordinator does. */
  readonly own: (app: object) => boolean;
  /** Looks once more at all servers that listen. */
  readonly offerAll: () => void;
}

type Take = Claim['take'];

/** Each `graceful()`, by the app that it was mounted on. */
const owners = new WeakMap<object, { readonly take: Take; readonly coordinator: ShutdownCoordinator }>();

/** How each `graceful()` takes a server, those included that were mounted on something else than an app. */
const takers = new Set<Take>();

/** HTTP servers that listen. */
const opened = new Set<WeakRef<Server>>();

/** Servers that a `graceful()` took by a guess, and how to undo that where one turns out to be another's. */
const guesses = new WeakMap<Server, { by: ShutdownCoordinator; detach: () => void }>();

onServerListening((server) => {
  // Closed servers are dropped: `listening` brings one back.
  for (const reference of opened) if (reference.deref()?.listening !== true) opened.delete(reference);
  if (server.listenerCount('request') === 0) return;
  opened.add(new WeakRef(server));
  offer(server);
});

/** A server of an unknown app is offered a turn later: a coordinator that attaches it in the meantime keeps it. */
function offer(server: Server): void {
  const [owner] = server.listeners('request').flatMap((app) => owners.get(app) ?? []);
  if (owner !== undefined) {
    owner.take(server, 'known');
    return;
  }
  setImmediate(() => {
    for (const take of takers) take(server, 'guessed');
  });
}

function offerAll(): void {
  for (const reference of opened) {
    const server = reference.deref();
    if (server?.listening) offer(server);
  }
}

/** @param only - the one server that the program named */
export function claimServers(coordinator: ShutdownCoordinator, only: Server | undefined): Claim {
  const take: Take = (server, certainty) => {
    if (coordinator.disposed) takers.delete(take);
    if (coordinator.disposed || (only !== undefined && server !== only)) return;
    const guess = guesses.get(server);
    if (certainty === 'known' && guess !== undefined && guess.by !== coordinator) guess.detach();
    try {
      const detach = coordinator.attach(server);
      if (certainty === 'guessed') guesses.set(server, { by: coordinator, detach });
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_GRACEFUL_SERVER_OWNED') throw error;
    }
  };
  if (only !== undefined) coordinator.attach(only);
  takers.add(take);
  coordinator.on('stopped', () => takers.delete(take));
  setImmediate(offerAll);
  return {
    take,
    own: (app) => {
      const owner = owners.get(app);
      if (owner === undefined || owner.coordinator.disposed) owners.set(app, { take, coordinator });
      return (
        owner === undefined ||
        owner.coordinator === coordinator ||
        owner.coordinator.disposed ||
        owner.coordinator.state === 'stopped'
      );
    },
    offerAll,
  };
}
