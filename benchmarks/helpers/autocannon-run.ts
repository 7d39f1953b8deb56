// Puts load on some servers at the same time, and prints what came of it: autocannon-run.js CONNECTIONS SECONDS URL...
import { createHistogram } from 'node:perf_hooks';
import autocannon from 'autocannon';

/** What one server did. */
export interface Load {
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds. */
  readonly p99: number;
}

const [connections, seconds, ...urls] = process.argv.slice(2);
console.log(JSON.stringify(await Promise.all(urls.map(load))));

function load(url: string): Promise<Load> {
  return new Promise((resolve, reject) => {
    const latency = createHistogram();
    const options = { url, connections: Number(connections), duration: Number(seconds) };
    const instance = autocannon(options, (error, { requests, duration, errors, non2xx }) => {
      if (error !== null) reject(error as Error);
      else if (errors + non2xx > 0) reject(new Error(`${errors + non2xx} requests to ${url} failed`));
      else resolve({ requests: requests.total, seconds: duration, p99: latency.percentile(99) / 1_000 });
    });
    // autocannon's own histogram counts in whole milliseconds.
    instance.on('response', (_client, _status, _bytes, milliseconds) => {
      latency.record(Math.max(1, Math.round(milliseconds * 1_000)));
    });
  });
}
