import { halfHead } from './half-head.ts';
import { http2 } from './http2.ts';
import { keepAlive } from './keep-alive.ts';
import { midHandshake } from './mid-handshake.ts';
import { newConnection } from './new-connection.ts';
import { pipelined } from './pipelined.ts';
import { rolling } from './rolling.ts';
import type { Scenario } from './scenario.ts';
import { silent } from './silent.ts';
import { slowRequest } from './slow-request.ts';
import { slowUpload } from './slow-upload.ts';
import { sse } from './sse.ts';
import { tls } from './tls.ts';
import { unixSocket } from './unix-socket.ts';
import { websocket } from './websocket.ts';

export const scenarios: readonly Scenario[] = [
  newConnection,
  keepAlive,
  pipelined,
  slowRequest,
  slowUpload,
  halfHead,
  silent,
  sse,
  websocket,
  http2,
  tls,
  unixSocket,
  midHandshake,
  rolling,
];
