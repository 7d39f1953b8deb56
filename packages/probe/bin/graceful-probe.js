#!/usr/bin/env node
import { main } from '../dist/cli/main.js';

// A Ctrl-C ends the server too, which is in a process group of its own.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

// The reader of stdout, such as `head`, may have seen enough.
process.stdout.on('error', (error) => {
  if (error.code !== 'EPIPE') throw error;
  // 128 + SIGPIPE, as of a program without a listener.
  process.exit(141);
});

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
