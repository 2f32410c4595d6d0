import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream';
import { PermissionViolationError } from 'nats';
import { readPartitionDurable } from '../../broker/partition-by-owner.ts';

/** In how many partitions a durable is consumed: the number, and the durables that are there of it, by partition. */
export interface Layout {
  readonly partitions: number;
  readonly parts: readonly ConsumerInfo[];
}

/** Only one that has all its partitions is given every event. */
export const isWhole = ({ partitions, parts }: Layout): boolean => parts.length === partitions;

/** What there is of a durable on its stream: while the number of partitions is changed, of more than one number. */
export function layoutsAmong(consumers: readonly ConsumerInfo[]): ReadonlyMap<string, readonly Layout[]> {
  const found = new Map<string, Map<number, ConsumerInfo[]>>();
  for (const info of consumers) {
    const { durable_name: name, filter_subject: filter } = info.config;
    if (!name) continue;
    // One without a filter is no partition, however it is called.
    const part = filter ? readPartitionDurable(name) : undefined;
    const { durable, partition, partitions } = part ?? { durable: name, partition: 0, partitions: 1 };
    const layouts = found.get(durable) ?? new Map<number, ConsumerInfo[]>();
    const parts = layouts.get(partitions) ?? [];
    parts[partition] = info;
    found.set(durable, layouts.set(partitions, parts));
  }
  return new Map(
    [...found].map(([durable, layouts]) => [
      durable,
      [...layouts].map(([partitions, parts]) => ({ partitions, parts: parts.filter(() => true) })),
    ]),
  );
}

/** The layout that is consumed by: every process takes the same, also in the middle of a change that came to no end. */
export function currentOf(layouts: readonly Layout[]): Layout | undefined {
  const whole = layouts.filter(isWhole);
  return whole.find(({ partitions }) => partitions === 1) ?? whole.sort((a, b) => b.partitions - a.partitions)[0];
}

export async function consumersOf(jsm: JetStreamManager, stream: string): Promise<ConsumerInfo[]> {
  const consumers: ConsumerInfo[] = [];
  for await (const info of jsm.consumers.list(stream)) consumers.push(info);
  return consumers;
}

/** None for a user who may not look around, and so may not make any. */
export async function findLayouts(jsm: JetStreamManager, stream: string, durable: string): Promise<readonly Layout[]> {
  const consumers = await consumersOf(jsm, stream).catch((error) => {
    if (error instanceof Error && error.cause instanceof PermissionViolationError) return [];
    throw error;
  });
  return layoutsAmong(consumers).get(durable) ?? [];
}

/** All up to here is handled. One that has nothing left to do has had the whole stream, whatever it was given of it. */
export function handledThrough({ ack_floor: floor, ...info }: ConsumerInfo, lastSequence: number): number {
  const isIdle = info.num_pending === 0 && info.num_ack_pending === 0;
  return isIdle && info.config.filter_subject ? Math.max(floor.stream_seq, lastSequence) : floor.stream_seq;
}
