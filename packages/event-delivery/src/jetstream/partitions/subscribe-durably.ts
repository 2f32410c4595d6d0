import { setTimeout as sleep } from 'node:timers/promises';
import { beginsLater } from '../../broker/begins-later.ts';
import type { DurableSubscription, Subscription } from '../../broker/broker.ts';
import { endsIt, type Followed, followDurable, type Over } from '../subscription/follow-durable.ts';
import type { Pull } from '../subscription/open-durable.ts';
import { followPartitions } from './follow-partitions.ts';
import { declarePartitions, isPartitioned } from './make-partitions.ts';

const RETRY_AFTER_MS = 250;

/**
 * Durable subscription: by one durable, or by partitions of it, whichever there is; and when that is changed, by what is
 * there then.
 */
export function subscribeDurably(pull: Pull, subscription: DurableSubscription): Subscription {
  const { durable, keepsOrder } = subscription;
  const begun = beginsLater();
  const stopping = new AbortController();
  let isFirst = true;
  let current: Followed | undefined;

  async function follow(): Promise<Over> {
    const partitions = await declarePartitions(pull, subscription, { isFirst });
    if (stopping.signal.aborted) return 'ended';
    if (partitions > 1) {
      begun.resolve();
      current = followPartitions(pull, subscription, partitions);
    } else {
      const mayMake = async () => !(await isPartitioned(pull.jsm, subscription));
      current = followDurable(pull, subscription, { begun, isFirst, mayMake });
    }
    const over = await current.over;
    if (over === 'elsewhere' && !stopping.signal.aborted) await current.stop();
    return over;
  }

  async function keepFollowing(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        if ((await follow()) === 'ended') return;
        isFirst = false;
      } catch (error) {
        if (endsIt(error, { ...pull, durable, begun })) return;
      }
      await sleep(RETRY_AFTER_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const following = keepFollowing();
  return {
    begun: begun.promise,
    active: (ownerId) => (current ? current.active(ownerId) : !keepsOrder),
    async stop(handled) {
      stopping.abort();
      await current?.stop(handled);
      await following;
    },
  };
}
