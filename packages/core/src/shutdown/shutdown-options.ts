import type { ShutdownOptions } from '../api/coordinator.ts';
import { expected, GracefulTypeError } from '../api/errors.ts';
import { unknownName } from '../api/option-names.ts';

const CODE = 'ERR_GRACEFUL_INVALID_ARGUMENT';

/** The `timeout` of a call of `shutdown()`, in milliseconds. @throws ERR_GRACEFUL_INVALID_ARGUMENT */
export function checkTimeout(options: ShutdownOptions): number | undefined {
  if (typeof options !== 'object' || options === null) throw expected(CODE, 'options', 'an object', options);
  for (const key of Object.keys(options)) {
    if (key === 'timeout') continue;
    throw new GracefulTypeError(CODE, unknownName(key, ['timeout']));
  }
  const { timeout } = options;
  if (timeout === undefined || (Number.isFinite(timeout) && timeout >= 0)) return timeout;
  throw expected(CODE, 'timeout', 'a finite number of milliseconds >= 0', timeout);
}
