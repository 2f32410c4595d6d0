import type { JetStreamManager } from '@nats-io/jetstream';
import type { DurableSubscription } from '../../broker/broker.ts';
import { changingPartitions, partitionDurable } from '../../broker/durable-names.ts';
import { partitionFilter, prefixOf } from '../../broker/partition-by-owner.ts';
import { describeDifference } from '../../broker/stream-settings.ts';
import { takeLease } from '../subscription/hold-a-lease.ts';
import { durableConfig, type Pull, refuseAnothers, startingAt } from '../subscription/open-durable.ts';
import { putDurable } from '../subscription/put-durable.ts';
import { currentOf, findLayouts, type Layout } from './find-partitions.ts';

type Found = Pick<DurableSubscription, 'stream' | 'durable'>;

/** Whether it is consumed in partitions. */
export async function isPartitioned(jsm: JetStreamManager, { stream, durable }: Found): Promise<boolean> {
  if (prefixOf(stream) === undefined) return false;
  return (currentOf(await findLayouts(jsm, stream.name, durable))?.partitions ?? 1) > 1;
}

/**
 * In how many partitions a durable is consumed: as it is there already, whatever is configured; a new one as configured,
 * and then they are made here. One: its durable is for whoever follows it to make.
 *
 * @throws {DurableTaken} when it is another service's
 */
export async function declarePartitions(
  pull: Pull,
  subscription: DurableSubscription,
  { isFirst }: { isFirst: boolean },
): Promise<number> {
  const { stream, durable } = subscription;
  if (prefixOf(stream) === undefined) return 1;
  await pull.ensureStream(stream.name);
  const found = await findLayouts(pull.jsm, stream.name, durable);
  const current = currentOf(found);
  if (current) {
    for (const part of current.parts) refuseAnothers(part, subscription);
    if (isFirst) tellDifference(pull, durable, stream.name, current.partitions);
    return current.partitions;
  }
  // Of some that are there without the others, the others are made.
  const partitions = found[0]?.partitions ?? pull.settings.partitions ?? 1;
  if (partitions === 1 || !pull.isMarked(stream.name)) return 1;
  return makePartitions(pull, subscription, { partitions, isFirst });
}

function tellDifference({ log, settings }: Pull, durable: string, stream: string, is: number): void {
  const { partitions: configured = is } = settings;
  if (is === configured) return;
  const found = { stream, durable, setting: 'partitions', is, configured } as const;
  log.warn(found, `${describeDifference(found)}: left as it is; kith streams apply would change it`);
}

async function makePartitions(
  pull: Pull,
  subscription: DurableSubscription,
  { partitions, isFirst }: { partitions: number; isFirst: boolean },
): Promise<number> {
  const { stream, durable, startAt = 'all' } = subscription;
  const lease = await takeLease(pull, changingPartitions(stream.name));
  if (!lease) throw new Error('another process makes partitions');
  try {
    const current: Layout | undefined = currentOf(await findLayouts(pull.jsm, stream.name, durable));
    if (current) return current.partitions;
    for (let partition = 0; partition < partitions; partition += 1) {
      const name = partitionDurable(durable, partition, partitions);
      const filter = partitionFilter(prefixOf(stream) ?? '', partition, partitions);
      const start = startingAt(isFirst ? startAt : 'all');
      const wanted = durableConfig({ ...subscription, durable: name }, { filter, ...start });
      await putDurable(pull.jsm, stream.name, wanted, { refuse: (existing) => refuseAnothers(existing, subscription) });
    }
    return partitions;
  } finally {
    await lease.release();
  }
}
