import t from 'tap';
import { startApp } from './conformance/app-process.ts';
import { conformance } from './conformance/suite.ts';

for (const tls of [false, true]) {
  conformance(t, {
    name: tls ? 'HTTP/1 over TLS' : 'HTTP/1',
    tls,
    start: (t, options) => startApp(t, 'conformance-core', options),
    answersErrors: false,
    trailers: true,
  });
}
