import { WEBHOOK_SOURCE } from '@kith/event-contracts';
import { deliverEvents, type EventBroker, type Log, type RunningDelivery } from '@kith/event-delivery';
import type pg from 'pg';
import type { Endpoint } from '../endpoints/endpoint-rows.ts';
import { type QueueParts, queueEvents } from './queue-events.ts';

/**
 * Consumes while there is an endpoint, and not before: without one nothing is asked of the broker, and no durable is made.
 * One that is there from an earlier endpoint goes on where it stood.
 */
export function consumeWhileSomebodyListens(
  options: Omit<QueueParts, 'since'> & {
    upkeep: pg.Pool;
    broker: EventBroker;
    log: Log;
    onFailed: (error: Error) => void;
  },
) {
  const { upkeep, broker, log, onFailed } = options;
  let delivery: RunningDelivery | undefined;
  let stopped = false;

  async function stop(): Promise<void> {
    const running = delivery;
    delivery = undefined;
    await running?.stop();
  }

  return {
    consuming: () => delivery !== undefined,
    async follow(endpoints: readonly Endpoint[]): Promise<void> {
      const [first] = endpoints;
      if (!first) return stop();
      if (delivery || stopped) return;
      const consumers = queueEvents({ ...options, since: first.createdAt });
      delivery = await deliverEvents({ pool: upkeep, broker, source: WEBHOOK_SOURCE, consumers, log, onFailed });
    },
    async stop(): Promise<void> {
      stopped = true;
      await stop();
    },
  };
}
