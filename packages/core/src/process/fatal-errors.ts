import { describeError } from '../api/errors.ts';

/** Begins a shutdown on an error that nothing caught. Returns a function that stops listening. */
export function watchFatalErrors(begin: (reason: string, error: string) => void): () => void {
  const onException = (error: unknown, origin: string): void => begin(origin, describeError(error));
  // With a listener of its own a rejection does not become an exception.
  const onRejection = (error: unknown): void => begin('unhandledRejection', describeError(error));
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    process.off('uncaughtException', onException);
    process.off('unhandledRejection', onRejection);
  };
}
