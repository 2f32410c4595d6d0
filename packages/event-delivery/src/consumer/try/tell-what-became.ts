import type { EventBroker } from '../../broker/broker.ts';
import type { Envelope } from '../../envelope/envelope.ts';
import type { Log } from '../../observe/log.ts';
import { measureConsumer } from '../../observe/measure-delivery.ts';
import { HandlerTimedOut } from './handle-in-time.ts';
import { type Incoming, ownerOf } from './incoming.ts';

export type Told = ReturnType<typeof tellWhatBecame>;

export interface ToldTo {
  readonly durable: string;
  readonly stream: string;
  readonly broker: EventBroker;
  readonly log: Log;
  readonly now: () => Date;
  readonly onHandled?: ((outcome: 'handled' | 'retried' | 'dead', tookMs: number) => void) | undefined;
}

/** Metrics and log (observability) of one consumer: whatever becomes of an event is told here, and nowhere else. */
export function tellWhatBecame({ durable, stream, broker, log, now, onHandled }: ToldTo) {
  const measured = measureConsumer(durable, stream, broker);
  return {
    handled(event: Envelope, tookMs: number): void {
      measured.handled(tookMs, now().getTime() - event.occurredAt.getTime());
      onHandled?.('handled', tookMs);
    },
    timedOut(error: unknown): void {
      if (error instanceof HandlerTimedOut) measured.timedOut();
    },
    triedAgain(attempt: number, error: unknown): void {
      measured.retried();
      onHandled?.('retried', 0);
      log.warn({ consumer: durable, attempt, error: String(error) }, 'an event failed and will be tried again');
    },
    waitsForAnUpgrade({ subject, sequence }: Incoming, error: unknown): void {
      measured.waitsForAnUpgrade();
      log.warn({ consumer: durable, subject, sequence, error: String(error) }, 'an event waits for a newer process');
    },
    died({ subject }: Incoming, { reason, attempts }: { reason: string; attempts: number }): void {
      log.error({ consumer: durable, ownerId: ownerOf(subject), subject, reason, attempts }, 'an event is dead');
      measured.died(reason);
      onHandled?.('dead', 0);
    },
    lettersAreAway(attempt: number, error: unknown): void {
      log.warn({ consumer: durable, attempt, error: String(error) }, 'the dead letters are out of reach');
    },
    failed(error: unknown): void {
      log.error({ consumer: durable, error: String(error) }, 'a consumer failed where it must not');
    },
    stop: () => measured.stop(),
  };
}
