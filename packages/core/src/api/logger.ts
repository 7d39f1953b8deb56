import { writeStderr } from '../stderr.ts';

/** Any object with pino's level methods: pino itself, `fastify.log`, or four functions of your own. */
export interface Logger {
  readonly debug: (details: object, message: string) => void;
  readonly info: (details: object, message: string) => void;
  readonly warn: (details: object, message: string) => void;
  readonly error: (details: object, message: string) => void;
}

/** `logger: true`: one readable line on stderr for each event, debug lines left out. */
export function createLineLogger(): Logger {
  const write = (_details: object, message: string): void => {
    const time = new Date().toISOString().slice(11, 23);
    writeStderr(`${time} [${process.pid}] ${message}\n`);
  };
  return { debug: () => {}, info: write, warn: write, error: write };
}
