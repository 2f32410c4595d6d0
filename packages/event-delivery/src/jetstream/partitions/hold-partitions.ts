import { beginsLater } from '../../broker/begins-later.ts';
import type { DurableSubscription } from '../../broker/broker.ts';
import { lease as leaseOf, partitionDurable } from '../../broker/durable-names.ts';
import { partitionFilter, prefixOf, slotOf } from '../../broker/partition-by-owner.ts';
import { type FollowedPartition, followDurable } from '../subscription/follow-durable.ts';
import { type Lease, takeLease } from '../subscription/hold-a-lease.ts';
import type { Pull } from '../subscription/open-durable.ts';

/** The partitions that this instance has (each under a lease): taken, consumed, and handed on. */
export function holdsPartitions(pull: Pull, subscription: DurableSubscription, partitions: number) {
  const { stream, durable } = subscription;
  const held = new Map<number, FollowedPartition>();
  const handingOn = new Set<FollowedPartition>();
  const nameOf = (partition: number) => partitionDurable(durable, partition, partitions);
  let stopped = false;

  function follow(partition: number, lease: Lease): void {
    const part = followDurable(
      pull,
      { ...subscription, durable: nameOf(partition), keepsOrder: true },
      {
        lease,
        isFirst: false,
        filter: partitionFilter(prefixOf(stream) ?? '', partition, partitions),
        mayMake: async () => false,
        begun: beginsLater(),
      },
    );
    held.set(partition, part);
    void part.over.then(async () => {
      if (stopped || handingOn.has(part)) return;
      await part.stop();
      held.delete(partition);
    });
  }

  async function handOn(partition: number, part: FollowedPartition): Promise<void> {
    handingOn.add(part);
    await part.handOn();
    handingOn.delete(part);
    held.delete(partition);
  }

  return {
    /** Without those that are being handed on. */
    count: () => held.size - handingOn.size,
    /** Takes at most so many of those that nobody has. */
    async takeFree(most: number): Promise<void> {
      let left = most;
      for (let partition = 0; partition < partitions && left > 0 && !stopped; partition += 1) {
        if (held.has(partition)) continue;
        const lease = await takeLease(pull, leaseOf(stream.name, nameOf(partition)));
        if (!lease) continue;
        if (stopped) return lease.release();
        follow(partition, lease);
        left -= 1;
      }
    },
    /** Begins to hand on so many. */
    handOnSome(many: number): void {
      const kept = [...held].filter(([, part]) => !handingOn.has(part));
      for (const [partition, part] of kept.slice(0, many)) {
        handOn(partition, part).catch((error) => {
          pull.log.error({ durable: nameOf(partition), error: String(error) }, 'a partition was not handed on');
        });
      }
    },
    active(ownerId?: string): boolean {
      if (ownerId === undefined) return [...held.values()].some((part) => part.active());
      return held.get(slotOf(ownerId) % partitions)?.active() === true;
    },
    async stop(handled?: Promise<void>): Promise<void> {
      stopped = true;
      await Promise.all([...held.values()].map((part) => part.stop(handled)));
    },
  };
}
