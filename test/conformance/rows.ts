import { afterClose } from './after-close.ts';
import { busyLoop } from './busy-loop.ts';
import { clients } from './clients.ts';
import { earlyReplies } from './early-replies.ts';
import { handlers } from './handlers.ts';
import { heads } from './heads.ts';
import { idle } from './idle.ts';
import { inFlight } from './in-flight.ts';
import { malformedHeads } from './malformed.ts';
import { messages } from './messages.ts';
import { pipelining } from './pipelining.ts';
import type { Row } from './row.ts';
import { uploads } from './uploads.ts';

export const rows: readonly Row[] = [
  ...inFlight,
  ...pipelining,
  ...afterClose,
  ...heads,
  ...idle,
  ...uploads,
  ...earlyReplies,
  ...busyLoop,
  ...messages,
  ...malformedHeads,
  ...handlers,
  ...clients,
];
