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

/**
 * Time limit (timeout; a middleware) of one try of a handler: rejects with HandlerTimedOut after `withinMs`, or with
 * the reason of the signal that it is given, once that is aborted, whatever the handler does then. The handler's own
 * signal is aborted first, so that what listens to it has ended the handler's transaction before the event is tried
 * again.
 */
export function withinTime<Event extends Envelope>(withinMs: number, handle: Handle<Event>): Handle<Event> {
  return async (event, cutOff, delivered) => {
    cutOff.throwIfAborted();
    const own = new AbortController();
    const end = (reason: unknown) => own.abort(reason);
    const timer = setTimeout(() => end(new HandlerTimedOut(withinMs)), withinMs);
    const onCutOff = () => end(cutOff.reason);
    cutOff.addEventListener('abort', onCutOff, { once: true });
    try {
      await new Promise<void>((resolve, reject) => {
        own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true });
        handle(event, own.signal, delivered).then(resolve, reject);
      });
    } finally {
      clearTimeout(timer);
      cutOff.removeEventListener('abort', onCutOff);
    }
  };
}
