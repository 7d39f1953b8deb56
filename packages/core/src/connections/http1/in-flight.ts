import type { ServerResponse } from 'node:http';

/**
 * The requests of one connection whose response is not with the kernel in full, in the order in which they came. Every
 * step takes the same time, however many there are: a client may pipeline 20,000.
 */
export class InFlight {
  readonly #since = new Map<ServerResponse, number>();
  #last: ServerResponse | undefined;

  get size(): number {
    return this.#since.size;
  }

  get first(): ServerResponse | undefined {
    return this.#since.keys().next().value;
  }

  get last(): ServerResponse | undefined {
    // Responses end in order, so the last one leaves last, unless the application destroys it.
    return (this.#last ??= [...this.#since.keys()].at(-1));
  }

  /** When the request came. */
  since(response: ServerResponse): number | undefined {
    return this.#since.get(response);
  }

  add(response: ServerResponse, since: number): void {
    this.#since.set(response, since);
    this.#last = response;
  }

  /** Returns whether it was in flight. */
  delete(response: ServerResponse): boolean {
    if (this.#last === response) this.#last = undefined;
    return this.#since.delete(response);
  }

  [Symbol.iterator](): IterableIterator<ServerResponse> {
    return this.#since.keys();
  }
}

/** Of every connection without a request: holding an empty one for each would cost memory. Nothing is added to it. */
export const NONE: InFlight = new InFlight();
