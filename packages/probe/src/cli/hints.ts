/** What is meant by options of other load generators (autocannon, wrk, hey, k6). */
const meant: Readonly<Record<string, string>> = {
  '--duration': '--after (-d), the time under load before the signal',
  '--connections': '--clients (-c)',
  '--concurrency': '--clients (-c)',
  '--headers': '--header (-H), once for each',
  '--timeout': '--exit-timeout, or --hung-after for a single request',
  '--port': '--url http://127.0.0.1:PORT',
  '-p': '--url http://127.0.0.1:PORT',
  '-r': '--rounds',
  '-n': '--rounds',
  '-t': '--exit-timeout',
  '-s': '--signal or --scenario',
  '-o': '--json or --html',
};

/** An error of the command line, with what was probably meant by an unknown option. */
export function explainUsage(text: string): string {
  const [, option = ''] = /unknown option '(-[^']*)'/.exec(text) ?? [];
  const hint = meant[option.replace(/=.*/, '')];
  if (hint === undefined) return text;
  return `${text.split('\n')[0]}; did you mean ${hint}?\n`;
}
