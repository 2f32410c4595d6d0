import type { Envelope } from '../../envelope/envelope.ts';
import type { Handle } from './incoming.ts';

/** Timeout: a handler that was still running when its time was up. */
export class HandlerTimedOut extends Error {
  readonly code = 'HANDLER_TIMED_OUT';
  constructor(withinMs: number) {
    super(`The handler was not done within ${withinMs} ms: what it does from now on must not be committed.`);
    this.name = 'HandlerTimedOut';
  }
}

/** A handler that was cut off because its consumer stops. */
export class ConsumerStopped extends Error {
  readonly code = 'CONSUMER_STOPPED';
  constructor() {
    super('The consumer stops: what this handler does from now on must not be committed.');
    this.name = 'ConsumerStopped';
  }
}

/** Handlers that run, to be cut off together. What is added after that is cut off at once. */
export interface HandlersInHand {
  add(handler: AbortController): void;
  delete(handler: AbortController): void;
}

/**
 * Time limit (timeout; a middleware) of one try of a handler: rejects with HandlerTimedOut after `withinMs`, or with
 * the reason for which it is cut off meanwhile, whatever the handler does then. The handler's own signal is aborted
 * first, so that what listens to it has ended the handler's transaction before the event is tried again.
 */
export function withinTime<Event extends Envelope>(
  withinMs: number,
  handle: Handle<Event>,
): Handle<Event, HandlersInHand> {
  return async (event, inHand, delivered) => {
    const own = new AbortController();
    inHand.add(own);
    const timer = setTimeout(() => own.abort(new HandlerTimedOut(withinMs)), withinMs);
    try {
      own.signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true });
        handle(event, own.signal, delivered).then(resolve, reject);
      });
    } finally {
      clearTimeout(timer);
      inHand.delete(own);
    }
  };
}
