// Spans go to the collector of the test, and nothing else goes anywhere.
process.env.OTEL_EXPORTER_OTLP_PROTOCOL = 'http/json';
process.env.OTEL_METRICS_EXPORTER = 'none';
process.env.OTEL_LOGS_EXPORTER = 'none';
process.env.OTEL_NODE_RESOURCE_DETECTORS = 'none';
