// Stands for the services that agents send spans to: OTLP as JSON, and the agent of Datadog. It counts those of
// servers.
import { once } from 'node:events';
import { createServer } from 'node:http';

/** SPAN_KIND_SERVER of OTLP: https://github.com/open-telemetry/opentelemetry-proto, trace.proto */
const SERVER = 2;

function countOtlp(text) {
  const { resourceSpans } = JSON.parse(text);
  const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  return spans.filter(({ kind }) => kind === SERVER).length;
}

export async function startCollector() {
  let count = 0;
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    if (request.url === '/v1/traces') count += countOtlp(Buffer.concat(parts).toString());
    // One trace a request: https://docs.datadoghq.com/tracing/guide/send_traces_to_agent_by_api/
    else if (request.url.endsWith('/traces')) count += Number(request.headers['x-datadog-trace-count']);
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    count: () => count,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
