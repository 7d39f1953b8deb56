export type ProbeErrorCode =
  | 'ERR_PROBE_INVALID_OPTION'
  | 'ERR_PROBE_NOT_LOOPBACK'
  | 'ERR_PROBE_START_FAILED'
  | 'ERR_PROBE_PORT_IN_USE'
  | 'ERR_PROBE_UNHEALTHY'
  | 'ERR_PROBE_SERVER_DIED'
  | 'ERR_PROBE_STOP_FAILED';

/** Why a round could not be measured. What the server does to its clients is the result, never an error. */
export class ProbeError extends Error {
  override readonly name: string = 'ProbeError';
  readonly code: ProbeErrorCode;

  constructor(code: ProbeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
