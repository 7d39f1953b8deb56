import t from 'tap';
import { startApp } from './harness/app-process.ts';
import { conformance, type Target } from './harness/suite.ts';

const http1: Target = {
  name: 'HTTP/1',
  tls: false,
  start: (t, options) => startApp(t, 'conformance/core', options),
  answersErrors: false,
  trailers: true,
};

conformance(t, http1);
conformance(t, { ...http1, name: 'HTTP/1 over TLS', tls: true, part: 'on the wire' });
conformance(t, {
  ...http1,
  name: 'HTTP/1 where Node does not show what a socket is writing',
  start: (t, options) => startApp(t, 'conformance/hidden', options),
  part: 'on the wire',
});
