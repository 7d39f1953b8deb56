/** `npm run test:deploys -- --test-arg=--short` is for CI: it takes minutes, not an hour. */
export const short = process.argv.includes('--short');

/** Stops and reloads of each case. */
export const times = short ? 3 : 20;
