// Puts load on a URL with keep-alive connections, and prints what came of it: autocannon-run.js URL CONNECTIONS SECONDS
import { createHistogram } from 'node:perf_hooks';
import autocannon from 'autocannon';

const [url = '', connections, seconds] = process.argv.slice(2);
const latency = createHistogram();

const load = autocannon(
  { url, connections: Number(connections), duration: Number(seconds) },
  (error, result) => {
    if (error !== null) throw error as Error;
    const { errors, non2xx, duration, requests } = result;
    const p99 = latency.percentile(99) / 1_000;
    console.log(
      JSON.stringify({ requests: requests.total, seconds: duration, errors: errors + non2xx, p99 }),
    );
  },
);
// autocannon's own histogram counts in whole milliseconds.
load.on('response', (_client, _status, _bytes, milliseconds) => {
  latency.record(Math.max(1, Math.round(milliseconds * 1_000)));
});
