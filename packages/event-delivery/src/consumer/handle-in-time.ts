/** A handler that was still running when its time was up. */
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
 * Time limit (timeout, cancellation) of one try of a handler: rejects with HandlerTimedOut after `withinMs`, or with the
 * reason of `cutOff` once that is aborted, whatever the handler does then. Its signal is aborted first, so that what
 * listens to it has ended the handler's transaction before the event is tried again.
 */
export async function handleInTime(
  handle: (signal: AbortSignal) => Promise<void>,
  limits: { readonly withinMs: number; readonly cutOff: AbortSignal },
): Promise<void> {
  const { withinMs, cutOff } = limits;
  cutOff.throwIfAborted();
  const own = new AbortController();
  const end = (reason: unknown) => own.abort(reason);
  const timer = setTimeout(() => end(new HandlerTimedOut(withinMs)), withinMs);
  const onCutOff = () => end(cutOff.reason);
  cutOff.addEventListener('abort', onCutOff, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true });
      handle(own.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    cutOff.removeEventListener('abort', onCutOff);
  }
}
