import type { DurableSubscription } from '../../broker/broker.ts';
import { lease as leaseOf } from '../../broker/durable-names.ts';
import { holdALease, type Lease } from './hold-a-lease.ts';
import type { Pull } from './open-durable.ts';

/**
 * Single active consumer: of several instances one is given deliveries, which holds the lease; the others wait. With a
 * lease `given`, which was taken before, this instance is active as long as that is held, and not again.
 */
export function becomesActive(
  pull: Pull,
  subscription: DurableSubscription,
  { given, signal, onLost }: { given: Lease | undefined; signal: AbortSignal; onLost: () => void },
) {
  const { stream, durable, keepsOrder } = subscription;
  let lease: Lease | undefined;

  async function become(held: Lease): Promise<void> {
    held.lost.addEventListener('abort', onLost);
    try {
      await subscription.onActive?.();
    } catch (error) {
      await held.release();
      throw error;
    }
    lease = held;
  }

  return {
    held: () => !keepsOrder || lease?.held() === true,
    /** Resolves when this instance is active; to false when it is not to be. */
    async become(): Promise<boolean> {
      if (!keepsOrder || lease?.held()) return true;
      await lease?.release();
      if (!given) await become(await holdALease(pull, leaseOf(stream.name, durable), signal));
      else if (lease || !given.held()) return false;
      else await become(given);
      return true;
    },
    release: async () => (lease ?? given)?.release(),
  };
}
