// The SDK of OpenTelemetry with its instrumentation of http, stopped as its documentation says; spans are counted, not
// sent.
process.env.OTEL_METRICS_EXPORTER = 'none';
process.env.OTEL_LOGS_EXPORTER = 'none';
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { NodeSDK } = require('@opentelemetry/sdk-node');

/** SpanKind.SERVER */
const SERVER = 1;
let count = 0;

const traceExporter = {
  export: (spans, done) => {
    count += spans.filter(({ kind }) => kind === SERVER).length;
    done({ code: 0 });
  },
  shutdown: async () => {
    console.log(`spans ${count}`);
  },
};
const sdk = new NodeSDK({ traceExporter, instrumentations: [new HttpInstrumentation()] });
sdk.start();
// It patches what is required after it.
void require('node:http');

exports.flush = () => sdk.shutdown();
if (process.env.FLUSH !== 'hook') {
  process.once('SIGTERM', () => void sdk.shutdown().finally(() => process.exit(0)));
}
