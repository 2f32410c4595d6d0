import { graphqlErrorOf, KithError } from '@kith/service-kit';
import { type StreamedResult, StreamLost, StreamRefused } from '../subgraphs/streams/stream-ends.ts';
import { countPassedThrough, type EndOfPassing, eventsPassed, passingEnded } from './pass-through-metrics.ts';
import type { ResumedEvent } from './resume-stream.ts';

/**
 * One client's plain subscription, as its reader takes it, with backpressure: nothing is asked of the stream before the
 * event before is taken. It can be ended from outside at any time, whoever waits for what.
 */
export class PassedSubscription implements AsyncIterator<ResumedEvent, undefined> {
  readonly field: string;
  readonly subgraph: string;
  readonly #events: AsyncGenerator<ResumedEvent, undefined>;
  readonly #leave = new AbortController();
  readonly #counted: { stop(): void };
  readonly #onEnd: (ended: PassedSubscription) => void;
  #endedWith: Error | undefined;
  #ended = false;

  constructor(
    { field, subgraph }: { field: string; subgraph: string },
    events: (signal: AbortSignal) => AsyncGenerator<ResumedEvent, undefined>,
    onEnd: (ended: PassedSubscription) => void,
  ) {
    this.field = field;
    this.subgraph = subgraph;
    this.#events = events(this.#leave.signal);
    this.#onEnd = onEnd;
    this.#counted = countPassedThrough(this);
  }

  /** Rejects, once, with the error that has ended it. */
  async next(): Promise<IteratorResult<ResumedEvent, undefined>> {
    if (!this.#ended) {
      try {
        const next = await this.#events.next();
        if (!next.done && !this.#ended) {
          eventsPassed.inc({ service: this.subgraph });
          return next;
        }
        if (next.done) this.end('COMPLETED');
      } catch (error) {
        if (error instanceof StreamRefused) return this.#lastWord(error);
        if (error instanceof StreamLost) this.end('LOST', lost(this.subgraph));
        else this.end('FAILED', error as Error);
      }
    }
    const error = this.#endedWith;
    this.#endedWith = undefined;
    if (error) throw error;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<ResumedEvent, undefined>> {
    this.end('LEFT');
    return { done: true, value: undefined };
  }

  /** Frees everything at once; an error reaches the reader before the end does. */
  end(reason: EndOfPassing, error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endedWith = error;
    passingEnded.inc({ service: this.subgraph, reason });
    this.#counted.stop();
    this.#onEnd(this);
    this.#leave.abort();
    // Not waited for: it ends with what it waits for, which the signal ends.
    void this.#events.return(undefined).catch(() => undefined);
  }

  /** What the service says of why there is nothing to see is an answer, with a place in the client's selection. */
  #lastWord({ errors }: StreamRefused): IteratorResult<ResumedEvent, undefined> {
    this.end('REFUSED');
    const result = { errors } as StreamedResult;
    return { done: false, value: { result, mayHaveMissed: false } };
  }
}

function lost(subgraph: string): Error {
  const message = `The ${subgraph} service does not answer now: subscribe again in a moment.`;
  return graphqlErrorOf(new KithError('SERVICE_UNAVAILABLE', message));
}
