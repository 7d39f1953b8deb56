import type { CutConnection } from '@graceful-cluster/core';
import type { Test } from 'tap';
import type { Owner } from '../../helpers/child.ts';
import { EARLY_MS, NOT_CLEAN } from '../../helpers/shutdown.ts';
import type { App } from './app-process.ts';
import type { AppOptions } from './protocol.ts';
import type { Client, Ending } from './raw-client.ts';
import { values, type Response } from './response.ts';

/** What runs the app under test, and what it can do. */
export interface Target {
  readonly name: string;
  readonly tls: boolean;
  readonly start: (t: Owner, options: AppOptions) => Promise<App>;
  /** Whether the framework answers 500 where a handler throws; otherwise that ends the process. */
  readonly answersErrors: boolean;
  /** Whether it sends `Answer.trailers`. */
  readonly trailers: boolean;
  /** Of something that differs in a part only, these rows are run, unless CONFORMANCE=all. Default: all. */
  readonly part?: 'on the wire' | 'of frameworks';
}

/** Starts the app once more, with these options on top of the row's. */
export type Start = (options: AppOptions) => Promise<App>;

export interface Row {
  readonly name: string;
  readonly options?: AppOptions;
  /** Why the row is not for this target, or undefined. */
  readonly skip?: (target: Target) => string | undefined;
  readonly run: (t: Test, app: App, start: Start) => Promise<void>;
}

/** How a shutdown must end. Whatever is not named must not have happened. */
export interface Expected {
  /** URLs of the requests that reached a handler, in order. */
  readonly handled: readonly string[];
  readonly inFlight?: number;
  readonly served?: number;
  /** Requests cut. */
  readonly lost?: number;
  readonly answered?: number;
  readonly idle?: number;
  readonly gone?: number;
  readonly cut?: readonly { kind: CutConnection['kind']; name?: RegExp; lost: boolean }[];
  readonly code?: 0 | 1;
  /** Least duration in milliseconds. */
  readonly atLeast?: number;
  /** What a crash writes; otherwise nothing but why a shutdown was not clean must be there. */
  readonly stderr?: RegExp;
}

/** For rows that wait until the grace is over, in milliseconds. */
export const GRACE_MS = 250;

/** Connections are cut later than this, in milliseconds: a shutdown that takes less was held up by nothing. */
const PROMPT_MS = 24_000;

/** Waits for the end of the process and looks at everything it told. */
export async function stops(t: Test, app: App, expected: Expected): Promise<void> {
  const { code, signal, report, handled, stderr } = await app.stopped();
  const { inFlight = 0, served = 0, lost = 0, answered = 0, idle = 0, gone = 0, cut = [] } = expected;
  t.same({ code, signal }, { code: expected.code ?? 0, signal: null }, 'exit code and signal');
  const said = expected.code === 1 ? NOT_CLEAN : /^$/;
  t.match(stderr, expected.stderr ?? said, 'on stderr no more than why it was not clean');
  t.same(handled, expected.handled, 'every handler ran once, in order');
  if (report === undefined) {
    t.fail('there is a report');
    return;
  }
  t.equal(report.exitCode, code, 'the report tells the exit code');
  const { arrived, gone: unanswered, ...requests } = report.requests;
  t.same(requests, { inFlight, served, cut: lost }, 'requests in the report');
  t.equal(inFlight + arrived, served + lost + unanswered, 'and they add up');
  const { open, cut: cutConnections, cutTotal, moved, ...ends } = report.connections;
  t.same(
    { cutTotal, moved },
    { cutTotal: cut.length, moved: 0 },
    'as many were cut, and none was given back',
  );
  t.same(ends, { answered, idle, gone }, 'ends of connections in the report');
  t.same(
    cutConnections.map(({ kind, lost }) => ({ kind, lost })),
    cut.map(({ kind, lost }) => ({ kind, lost })),
    'connections cut in the report',
  );
  for (const [index, { name = /^127\.0\.0\.1:\d+$/ }] of cut.entries()) {
    t.match(cutConnections[index]?.name, name, 'named');
  }
  t.equal(open, answered + idle + gone + cut.length, 'all connections are accounted for');
  if (cut.length === 0) t.ok(report.duration < PROMPT_MS, `prompt: ${report.duration.toFixed()} ms`);
  const least = expected.atLeast ?? 0;
  t.ok(report.duration >= least - EARLY_MS, `not too early: ${report.duration.toFixed()} ms of ${least}`);
}

/** Takes the next response, which must be for this URL and say in exactly one header whether it is the last. */
export async function answers(t: Test, client: Client, url: string, connection: string): Promise<Response> {
  const response = await client.response();
  t.equal(response.status, 200, `${url}: status`);
  t.equal(response.body.replace(/^first /, ''), url, `${url}: body`);
  says(t, response, connection);
  return response;
}

/** Exactly one `Connection` header, and a `Keep-Alive` one only where it fits. */
export function says(t: Test, response: Response, connection: string): void {
  t.same(values(response, 'connection'), [connection], `Connection: ${connection}, once`);
  if (connection === 'close') t.same(values(response, 'keep-alive'), [], 'no Keep-Alive header');
}

/** The server ended the connection with FIN, and nothing came besides the responses. */
export async function endsCleanly(t: Test, client: Client): Promise<void> {
  t.same(await client.closed(), { how: 'fin', rest: '' }, 'FIN, and not a byte more');
}

/** To compare what came from two servers. */
export function undated({ how, rest }: Ending): Ending {
  return { how, rest: rest.replaceAll(/\r\nDate: [^\r]+/g, '') };
}

export function get(url: string, ...headers: string[]): string {
  return head('GET', url, ...headers);
}

export function head(method: string, url: string, ...headers: string[]): string {
  return [`${method} ${url} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
}

export function post(url: string, body: string, ...headers: string[]): string {
  return head('POST', url, `Content-Length: ${body.length}`, ...headers) + body;
}

/** Sends a body until told to stop. */
export function goOn(t: Test, client: Client): () => void {
  const timer = setInterval(() => client.write('x'.repeat(4_096)), 20);
  const stop = (): void => clearInterval(timer);
  t.teardown(stop);
  return stop;
}
