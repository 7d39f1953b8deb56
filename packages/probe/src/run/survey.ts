import { ask, type Answer } from '../clients/ask.ts';
import { resolveLoad, type LoadOptions } from '../clients/load-options.ts';
import { formatRequest, type RequestContext } from '../clients/request.ts';
import { isErrorStatus } from '../clients/status.ts';
import { ProbeError } from '../errors.ts';
import { formatTarget, type Target } from '../network/target.ts';
import { http2 } from '../scenarios/http2.ts';
import type { Check, CheckContext, Scenario } from '../scenarios/scenario.ts';

/** What a server is like while nothing stops it. */
export interface Survey {
  readonly target: Target;
  /** Whether the server speaks HTTP/1, rather than HTTP/2 only. */
  readonly http1: boolean;
  readonly checks: ReadonlyMap<Scenario, Check>;
}

const ANSWER_LIMIT_MS = 5_000;

/** Finds out what a running server can do. @throws ERR_PROBE_UNHEALTHY if it answers no request, or with an error */
export async function lookAt(
  listening: Target,
  context: Pick<CheckContext, 'started' | 'stage'>,
  scenarios: readonly Scenario[],
  load: LoadOptions,
): Promise<Survey> {
  const settings = resolveLoad(load);
  const plain: CheckContext = { ...context, target: listening, settings };
  const secure = { ...plain, target: { ...listening, tls: true } };
  const candidates = listening.tls ? [plain] : [plain, secure];
  let rejected: Answer | undefined;
  for (const candidate of candidates) {
    const answer = await askOnce(candidate, settings.path);
    // A server that expects TLS may say so in plain HTTP.
    if (answer?.status === 400 && candidate !== secure && !listening.tls && (await askOnce(secure, '/')))
      continue;
    if (answer && !isErrorStatus(answer.status, settings)) {
      const checks = scenarios.map(async (scenario) => [scenario, await scenario.check(candidate)] as const);
      return { target: candidate.target, http1: true, checks: new Map(await Promise.all(checks)) };
    }
    rejected ??= answer;
  }
  // Last, since a server that speaks HTTP/2 only may answer HTTP/1 all the same: 403 is what Node's says.
  for (const candidate of candidates) {
    const check = await http2.check(candidate);
    if ('missing' in check) continue;
    const missing: Check = { missing: 'no HTTP/1, only HTTP/2' };
    const checks = scenarios.map((scenario) => [scenario, scenario === http2 ? check : missing] as const);
    return { target: candidate.target, http1: false, checks: new Map(checks) };
  }
  throw new ProbeError('ERR_PROBE_UNHEALTHY', describeUnhealthy(listening, settings.path, rejected));
}

async function askOnce(context: RequestContext, path: string): Promise<Answer | undefined> {
  const pieces = [formatRequest(context, path)];
  const { answers } = await ask(context.target, { pieces, timeout: ANSWER_LIMIT_MS });
  return answers[0];
}

function describeUnhealthy(target: Target, path: string, answer: Answer | undefined): string {
  if (!answer) {
    const limit = `${ANSWER_LIMIT_MS / 1_000} s`;
    return `${formatTarget(target)} accepts connections and answers no HTTP request (GET ${path}, ${limit})`;
  }
  const options =
    answer.status >= 500
      ? 'give another path with --path'
      : 'give another path with --path, or what is missing with --header; --allow-4xx takes it for an answer';
  return `GET ${path} is answered ${answer.status} while nothing stops the server: ${options}`;
}
