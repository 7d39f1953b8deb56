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
  /** A function with `handle`, `set` and `emit` is an app to Express 4 and 5: `app.use` tells it where it was mounted. */
  readonly appMethods: { readonly set: () => void; readonly emit: (event: string, app: App) => void };
  /** Takes the middleware out of every router. Express spends about a microsecond on it in each request. */
  readonly leave: () => void;
}

export function createMount(claim: Claim): Mount {
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
        claim.own(app);
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
