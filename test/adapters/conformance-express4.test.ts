import t from 'tap';
import { startApp } from '../conformance/harness/app-process.ts';
import { conformance } from '../conformance/harness/suite.ts';

conformance(t, {
  name: 'Express 4',
  part: 'of frameworks',
  tls: false,
  start: (t, options) => startApp(t, 'conformance/express', options, '4'),
  answersErrors: true,
  trailers: true,
});
