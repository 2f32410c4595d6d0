import { setTimeout as sleep } from 'node:timers/promises';
import { type ConsumerInfo, DeliverPolicy } from '@nats-io/jetstream';
import type { DurableSubscription } from '../../broker/broker.ts';
import { changingPartitions, partitionDurable } from '../../broker/durable-names.ts';
import { isMarked, partitionFilter, prefixOf, readPartitionDurable } from '../../broker/partition-by-owner.ts';
import { type Leasing, takeLease } from '../subscription/hold-a-lease.ts';
import { describeDurable, durableConfig, startOf } from '../subscription/open-durable.ts';
import { consumersOf, currentOf, findLayouts, handledThrough, type Layout } from './find-partitions.ts';

const ASK_AGAIN_AFTER_MS = 250;
const ANOTHER_ENDS_WITHIN_MS = 10_000;
/** In a cluster what was taken before subjects had to be marked may show in the stream a moment later. */
const STORED_WITHIN_MS = 1_000;
const CAUGHT_UP_WITHIN_MS = 30_000;

/** Why the number of partitions is left as it is, in a sentence that says what to do. */
export class PartitionsNotChanged extends Error {
  readonly code = 'PARTITIONS_NOT_CHANGED';
}

/** Runs while nobody else changes partitions of this stream (distributed lock, by a lease). */
async function whileNobodyChanges<Result>(
  options: Leasing,
  stream: string,
  work: () => Promise<Result>,
): Promise<Result> {
  for (const until = performance.now() + ANOTHER_ENDS_WITHIN_MS; ; await sleep(ASK_AGAIN_AFTER_MS)) {
    const lease = await takeLease(options, changingPartitions(stream));
    if (lease) {
      try {
        return await work();
      } finally {
        await lease.release();
      }
    }
    if (performance.now() > until) {
      throw new PartitionsNotChanged(`another process changes partitions of ${stream}: try again when it has`);
    }
  }
}

/**
 * Changes in how many partitions a durable is consumed, while it is (repartitioning): durables of the new number are made
 * behind what those of the old number have handled, and then the old ones are deleted, at which whoever follows them
 * goes on with the new ones. What was in flight comes again; each owner's events stay in order, since each durable that
 * is there is given all of them in order, from a place where everything before is handled. A process that dies in
 * between leaves both, of which all follow one; the next call makes an end of it.
 *
 * @throws {PartitionsNotChanged}
 */
export async function changePartitions(
  options: Leasing,
  subscription: DurableSubscription,
  partitions: number,
): Promise<void> {
  const { stream, durable } = subscription;
  const { jsm } = options;
  await whileNobodyChanges(options, stream.name, async () => {
    const layouts = await findLayouts(jsm, stream.name, durable);
    const current = currentOf(layouts);
    if (!current) throw new PartitionsNotChanged(`${durable} is not there yet: try again when it is consumed`);
    if (current.partitions !== partitions) {
      if (partitions > 1) await untilOnlyMarkedIsLeft(options, subscription, current);
      // Left over from a change that came to no end: where they would begin is long past.
      for (const other of layouts) if (other !== current) await remove(options, stream.name, other);
      await makeBehind(options, subscription, current, partitions);
    }
    for (const other of await findLayouts(jsm, stream.name, durable)) {
      if (other.partitions !== partitions) await remove(options, stream.name, other);
    }
  });
}

/** A partition is given marked subjects alone: what came before they were has to be handled by the durable that takes all. */
async function untilOnlyMarkedIsLeft(
  { jsm }: Leasing,
  { stream, durable }: DurableSubscription,
  { partitions }: Layout,
): Promise<void> {
  const { config } = await jsm.streams.info(stream.name);
  if (!isMarked(prefixOf(stream) ?? '', config.subjects)) {
    throw new PartitionsNotChanged(
      `subjects of ${stream.name} are not for partitions yet: its own service changes that first`,
    );
  }
  if (partitions > 1) return;
  await sleep(STORED_WITHIN_MS);
  const { last_seq: last } = (await jsm.streams.info(stream.name)).state;
  for (const until = performance.now() + CAUGHT_UP_WITHIN_MS; ; await sleep(ASK_AGAIN_AFTER_MS)) {
    const info = await jsm.consumers.info(stream.name, durable);
    if (info.ack_floor.stream_seq >= last || (info.num_pending === 0 && info.num_ack_pending === 0)) return;
    if (performance.now() > until) {
      const left = last - info.ack_floor.stream_seq;
      throw new PartitionsNotChanged(`${durable} has about ${left} events to handle first: try again when it has`);
    }
  }
}

/** Each new durable begins behind what those have handled that were given its owners until now. */
async function makeBehind(
  { jsm }: Leasing,
  subscription: DurableSubscription,
  current: Layout,
  partitions: number,
): Promise<void> {
  const { stream, durable } = subscription;
  const { last_seq: last } = (await jsm.streams.info(stream.name)).state;
  const before: ConsumerInfo[] = [];
  for (const { name } of current.parts) before.push(await jsm.consumers.info(stream.name, name));
  for (let partition = 0; partition < partitions; partition += 1) {
    const parents = before.filter((info) => shareOwners(info, { partition, partitions }));
    const through = Math.min(...parents.map((info) => handledThrough(info, last)));
    const since = parents.map(startOf).filter((start) => start !== undefined)[0];
    const name = partitionDurable(durable, partition, partitions);
    const filter = partitions > 1 ? partitionFilter(prefixOf(stream) ?? '', partition, partitions) : undefined;
    const wanted = durableConfig(
      { ...subscription, durable: name },
      { filter, deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: through + 1 },
    );
    await jsm.consumers.add(stream.name, { ...wanted, ...describeDurable(subscription.service, since) });
  }
}

/** Partitions are powers of two: of two numbers, each partition of the larger is in one of the smaller. */
function shareOwners({ name }: ConsumerInfo, other: { partition: number; partitions: number }): boolean {
  const { partition, partitions } = readPartitionDurable(name) ?? { partition: 0, partitions: 1 };
  const fewer = Math.min(partitions, other.partitions);
  return partition % fewer === other.partition % fewer;
}

async function remove({ jsm, log }: Leasing, stream: string, { parts }: Layout): Promise<void> {
  for (const { name } of parts) {
    await jsm.consumers.delete(stream, name);
    log.info({ stream, durable: name }, 'a durable has been deleted: its events are given to other partitions');
  }
}

/**
 * Has a stream take marked subjects, or as published ones: not while a durable is given a partition, which what is
 * published unmarked is in none of.
 *
 * @throws {PartitionsNotChanged}
 */
export async function changeSubjects(options: Leasing, stream: string, subjects: string[]): Promise<void> {
  const { jsm, settings } = options;
  await whileNobodyChanges(options, stream, async () => {
    const parts = (await consumersOf(jsm, stream)).filter(
      ({ name, config }) => config.filter_subject && readPartitionDurable(name),
    );
    if (settings.partitions === 1 && parts[0]) {
      throw new PartitionsNotChanged(`${parts[0].name} is still given a partition: its own service changes that first`);
    }
    await jsm.streams.update(stream, { subjects });
  });
}
