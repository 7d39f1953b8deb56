import t from 'tap';
import { startApp } from '../conformance/app-process.ts';
import { conformance } from '../conformance/suite.ts';

for (const version of ['5', '4']) {
  conformance(t, {
    name: `Express ${version}`,
    tls: false,
    start: (t, options) => startApp(t, 'conformance-express', options, version),
    answersErrors: true,
    trailers: true,
  });
}
