import { ask } from '../clients/ask.ts';
import { formatRequest } from '../clients/request.ts';
import { ProbeError } from '../errors.ts';
import { resolveLoad, type LoadOptions } from '../clients/load-options.ts';
import { http2 } from '../scenarios/http2.ts';
import type { Check, CheckContext, Scenario } from '../scenarios/scenario.ts';
import { formatTarget, type Target } from '../network/target.ts';

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
  const candidates = listening.tls ? [listening] : [listening, { ...listening, tls: true }];
  for (const target of candidates) {
    const { answers } = await ask(target, {
      pieces: [formatRequest(target, settings.path)],
      timeout: ANSWER_LIMIT_MS,
    });
    const [answer] = answers;
    // A server that expects TLS may say so in plain HTTP.
    if (!answer || (answer.status === 400 && target !== candidates.at(-1) && (await speaksTls(listening))))
      continue;
    if (answer.status >= 500) {
      throw new ProbeError(
        'ERR_PROBE_UNHEALTHY',
        `GET ${settings.path} is answered ${answer.status} while nothing stops the server: give another path with --path`,
      );
    }
    const checks = scenarios.map(
      async (scenario) => [scenario, await scenario.check({ ...context, target, settings })] as const,
    );
    return { target, http1: true, checks: new Map(await Promise.all(checks)) };
  }
  for (const target of candidates) {
    const check = await http2.check({ ...context, target, settings });
    if ('missing' in check) continue;
    const missing: Check = { missing: 'no HTTP/1, only HTTP/2' };
    const checks = scenarios.map((scenario) => [scenario, scenario === http2 ? check : missing] as const);
    return { target, http1: false, checks: new Map(checks) };
  }
  throw new ProbeError(
    'ERR_PROBE_UNHEALTHY',
    `${formatTarget(listening)} accepts connections and answers no HTTP request (GET ${settings.path}, ${ANSWER_LIMIT_MS / 1_000} s)`,
  );
}

async function speaksTls(target: Target): Promise<boolean> {
  const secure = { ...target, tls: true };
  const { answers } = await ask(secure, { pieces: [formatRequest(secure, '/')], timeout: ANSWER_LIMIT_MS });
  return answers.length > 0;
}
