import { createReadiness } from '../../shutdown/readiness.ts';
import { alone, type Role } from '../../shutdown/role.ts';
import { findManager, reportShutdown } from '../../shutdown/service-state.ts';
import { findPm2 } from './pm2.ts';

/** The role of a process that no `node:cluster` primary forked: alone, but for what PM2's fork mode and systemd ask. */
export function createStandaloneRole(): Role {
  const pm2 = findPm2();
  const manager = findManager();
  if (pm2 === undefined && manager === undefined) return alone;
  const readiness = createReadiness(() => {
    pm2?.tellReady(readiness);
    if (readiness.listening() && readiness.willing()) manager?.ready();
  });
  return {
    ...alone,
    ...readiness.role,
    join: (controls) => {
      pm2?.join(controls);
      if (manager !== undefined) reportShutdown(manager, controls);
    },
  };
}
