const args = process.argv.slice(2);

/** `npm run test:deploys -- --test-arg=--short` is for CI: it takes minutes, not an hour. */
export const short = args.includes('--short');

/** Stops and reloads of each case. */
export const times = short ? 3 : 20;

const names = args.filter((arg) => !arg.startsWith('--'));

/** `--test-arg=nginx` runs the cases of nginx alone, among those of proxies. */
export const wanted = (name: string): boolean =>
  names.length === 0 || names.some((each) => name.startsWith(each));
