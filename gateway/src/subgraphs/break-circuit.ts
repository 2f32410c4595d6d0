import type { Logger } from '@kith/service-kit';
import { Gauge } from '@prometheus-io/client';
import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';

/** So many calls in a row without an answer, and nobody waits for the next. */
const FAILURES = 8;
/** Once in this time one call is let through, to see whether the service is back. */
const TRY_AGAIN_AFTER_MS = 1_000;

const open = new Gauge({
  name: 'kith_gateway_circuit_open',
  help: '1 while a service is not asked because it has not answered.',
  labelNames: ['service'],
});

export interface Circuit {
  /**
   * `call` says when the service has answered it; `isItsFault`: whether having no answer counts against it.
   *
   * @throws BrokenCircuitError when nothing is asked now; SlowForOne, by its `cause`, what does not count
   */
  run<Result>(call: (answered: () => void) => Promise<Result>, options: { isItsFault: boolean }): Promise<Result>;
  readonly isOpen: boolean;
  /** When it last answered a call; ms of `performance.now()`. */
  readonly answeredAt: number;
  /** It is no longer counted. */
  forget(): void;
}

/**
 * A circuit breaker: runs calls to one service; while it does not answer they fail at once instead of each waiting for
 * its time to run out. A call without an answer counts only if the service has answered nobody since it was made: one
 * slow owner is no reason to ask for nobody else.
 */
export function breakCircuit(service: string, log: Logger): Circuit {
  let answeredAt = Number.NEGATIVE_INFINITY;
  const answered = () => {
    answeredAt = performance.now();
  };
  const policy = circuitBreaker(
    handleWhen((error) => !(error instanceof SlowForOne)),
    {
      halfOpenAfter: TRY_AGAIN_AFTER_MS,
      breaker: new ConsecutiveBreaker(FAILURES),
    },
  );
  open.set({ service }, 0);
  policy.onStateChange((state) => {
    open.set({ service }, state === CircuitState.Closed ? 0 : 1);
    if (state === CircuitState.Open) log.warn({ service }, 'the service does not answer: it is not asked for a while');
    if (state === CircuitState.Closed) log.info({ service }, 'the service answers again');
  });
  return {
    run: (call, { isItsFault }) =>
      policy.execute(async () => {
        const askedAt = performance.now();
        try {
          return await call(answered);
        } catch (error) {
          throw answeredAt > askedAt || !isItsFault ? new SlowForOne(error) : error;
        }
      }),
    get answeredAt() {
      return answeredAt;
    },
    get isOpen() {
      return policy.state === CircuitState.Open;
    },
    forget: () => open.remove({ service }),
  };
}

/** The call got no answer, and others did meanwhile, or it had not all of its time. */
export class SlowForOne extends Error {
  constructor(cause: unknown) {
    super('The service answers others.', { cause });
  }
}
