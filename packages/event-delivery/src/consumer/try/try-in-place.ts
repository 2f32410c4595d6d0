import type { EnvelopeOf } from '../../envelope/envelope.ts';
import type { EventContract } from '../../envelope/event-contract.ts';
import type { ConsumerDefinition } from './consumer-definition.ts';
import type { Ending } from './end-within-a-limit.ts';
import { withinTime } from './handle-in-time.ts';
import { traced } from './handle-traced.ts';
import { type Delivered, type Incoming, ownerOf } from './incoming.ts';
import type { Turns } from './take-turns.ts';
import type { Told } from './tell-what-became.ts';

const HANDLE_WITHIN_MS = 60_000;

/**
 * One try of an event, in one of the places that the consumer has for handlers at once (semaphore): traced, within its
 * time, and told when it worked. `stopped` when it is not this instance's to try any more.
 */
export function triesInPlace<Contract extends EventContract>(
  definition: ConsumerDefinition<Contract>,
  parts: {
    readonly turns: Turns;
    readonly ending: Ending;
    readonly told: Told;
    readonly isActive: (ownerId: string) => boolean;
  },
): (event: EnvelopeOf<Contract>, incoming: Incoming) => Promise<'handled' | 'stopped'> {
  const { durable, handleWithinMs = HANDLE_WITHIN_MS } = definition;
  const { turns, ending, told, isActive } = parts;
  // Async, so that what a handler throws at once is a rejection like any other.
  const handler = async (event: EnvelopeOf<Contract>, signal: AbortSignal, delivered: Delivered) =>
    definition.handle(event, signal, delivered);
  const handle = traced(durable, withinTime(handleWithinMs, handler));
  return (event, incoming) =>
    turns.inPlace(async () => {
      if (!isActive(ownerOf(incoming.subject))) return 'stopped';
      const startedAt = performance.now();
      await handle(event, ending.inHand, incoming);
      told.handled(event, performance.now() - startedAt);
      return 'handled';
    });
}
