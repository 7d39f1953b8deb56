#!/usr/bin/env node
import { main } from '../dist/cli/main.js';

// A Ctrl-C ends the server too, which is in a process group of its own.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
