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
import type { Row } from '../harness/row.ts';
import { uploads } from './uploads.ts';

/** What becomes of connections and their bytes, which take another way through Node where TLS is in between. */
export const rowsOnTheWire: readonly Row[] = [
  ...inFlight,
  ...pipelining,
  ...afterClose,
  ...heads,
  ...idle,
  ...uploads,
  ...earlyReplies,
  ...busyLoop,
  ...clients,
];

export const rows: readonly Row[] = [...rowsOnTheWire, ...messages, ...malformedHeads, ...handlers];

/** Where a framework has a part in what is sent. In the others it is core alone that handles a connection. */
export const rowsOfFrameworks: readonly Row[] = [
  ...inFlight,
  ...uploads,
  ...earlyReplies,
  ...messages,
  ...malformedHeads,
  ...handlers,
];
