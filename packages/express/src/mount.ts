import { GracefulError, GracefulTypeError } from '@graceful-cluster/core';
import type { Claim } from './servers.ts';

interface Router {
  stack: readonly unknown[];
}

/** Express 4 has `_router`, Express 5 has `router`. */
interface App {
  readonly router: Router;
  readonly _router?: Router;
}

/** The place of the middleware in Express's routers. */
export interface Mount {
  /**
   * A function with `handle`, `set` and `emit` is an app to Express 4 and 5: `app.use` passes it the app that it was
   * mounted on.
   */
  readonly appMethods: { readonly set: () => void; readonly emit: (event: string, app: App) => void };
  /** Takes the middleware out of every router. Express spends about a microsecond on it in each request. */
  readonly leave: () => void;
}

/** @param named - whether the program named the server, so that an app may have several of them */
export function createMount(claim: Claim, named: boolean): Mount {
  let removals: (() => void)[] = [];
  return {
    appMethods: {
      set: () => {},
      emit: (event, app) => {
        if (event !== 'mount') return;
        const router = app._router ?? app.router;
        const layer = router.stack.at(-1);
        removals.push(() => {
          router.stack = router.stack.filter((each) => each !== layer);
        });
        if (!claim.own(app) && !named) {
          const message = 'there is a graceful() with another coordinator on this app: one is enough';
          throw new GracefulError('ERR_GRACEFUL_SERVER_OWNED', message);
        }
        claim.offerAll();
      },
    },
    leave: () => {
      const due = removals;
      removals = [];
      for (const remove of due) remove();
    },
  };
}

/** Makes Express throw at `app.use(graceful)`: without the call it would run for each request, and drain nothing. */
export function refuseMount(graceful: object): void {
  const refuse = (): never => {
    const message = 'graceful is not the middleware itself: call it, app.use(graceful())';
    throw new GracefulTypeError('ERR_GRACEFUL_INVALID_ARGUMENT', message);
  };
  Object.defineProperties(graceful, {
    handle: { value: refuse },
    set: { value: refuse },
    emit: { value: refuse },
  });
}
