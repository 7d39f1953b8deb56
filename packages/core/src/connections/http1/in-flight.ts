import type { ServerResponse } from 'node:http';

/** More finished responses than this, if no fewer than the others, are let go of: in the mean each is moved once. */
const MAX_FINISHED = 32;

/**
 * The requests of one connection whose response is not with the kernel in full, in the order in which they came, which
 * is that in which their responses end. A step takes the same time, however many there are: a client may pipeline
 * 20,000. What the application ends out of order is looked for.
 */
export class InFlight {
  readonly #responses: (ServerResponse | undefined)[] = [];
  /** When each request arrived. */
  readonly #since: number[] = [];
  /** Where the first is: those before it have finished. */
  #start = 0;

  get size(): number {
    return this.#responses.length - this.#start;
  }

  get first(): ServerResponse | undefined {
    return this.#responses[this.#start];
  }

  get last(): ServerResponse | undefined {
    return this.#responses.at(-1);
  }

  /** When the first request arrived. */
  get since(): number | undefined {
    return this.#since[this.#start];
  }

  add(response: ServerResponse, since: number): void {
    this.#responses.push(response);
    this.#since.push(since);
  }

  /** Returns whether it was in flight. */
  delete(response: ServerResponse): boolean {
    const at = this.#responses.indexOf(response, this.#start);
    if (at < 0) return false;
    if (at > this.#start) this.#forget(at, 1);
    else {
      this.#responses[at] = undefined;
      this.#start += 1;
    }
    if (this.#start > MAX_FINISHED && this.#start >= this.size) {
      this.#forget(0, this.#start);
      this.#start = 0;
    }
    return true;
  }

  *[Symbol.iterator](): IterableIterator<ServerResponse> {
    for (const response of this.#responses) if (response !== undefined) yield response;
  }

  #forget(from: number, count: number): void {
    this.#responses.splice(from, count);
    this.#since.splice(from, count);
  }
}

/** Shared by all connections without a request: an empty one for each would cost memory. Nothing is added to it. */
export const NONE: InFlight = new InFlight();
