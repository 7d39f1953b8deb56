// Of dd-trace only the traces of requests are sent.
process.env.DD_INSTRUMENTATION_TELEMETRY_ENABLED = 'false';
process.env.DD_REMOTE_CONFIGURATION_ENABLED = 'false';
process.env.DD_TRACE_DISABLED_PLUGINS = 'dns,net';
process.env.DD_TRACE_STARTUP_LOGS = 'false';
