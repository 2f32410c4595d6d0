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

/** A handler that runs: what cuts it off. */
export type Running = Pick<AbortController, 'abort'>;

/** Handlers that run, to be cut off together. What is added after that is cut off at once. */
export interface HandlersInHand {
  add(handler: Running): void;
  delete(handler: Running): void;
}

/**
 * Time limit (timeout; a middleware) of one try of a handler: rejects with HandlerTimedOut after `withinMs`, or with
 * the reason for which it is cut off meanwhile, whatever the handler does then. The handler's own signal is aborted
 * first, so that what listens to it has ended the handler's transaction before the event is tried again.
 *
 * It rejects by itself rather than by listening to the signal: a listener costs more than all else here.
 */
export function withinTime<Event extends Envelope>(
  withinMs: number,
  handle: Handle<Event>,
): Handle<Event, HandlersInHand> {
  return (event, inHand, delivered) =>
    new Promise<void>((resolve, reject) => {
      const own = new AbortController();
      const running: Running = {
        abort(reason) {
          own.abort(reason);
          over();
          reject(reason);
        },
      };
      const timer = setTimeout(() => running.abort(new HandlerTimedOut(withinMs)), withinMs);
      const over = () => {
        clearTimeout(timer);
        inHand.delete(running);
      };
      inHand.add(running);
      if (own.signal.aborted) return;
      handle(event, own.signal, delivered).then(
        () => {
          over();
          resolve();
        },
        (error) => {
          over();
          reject(error);
        },
      );
    });
}
