import type { StreamName } from '../envelope/stream-name.ts';
import { PARTITIONS } from './partition-by-owner.ts';

/** The durable names that event delivery has for itself on a broker. Each is data: changing one is a migration. */

/**
 * The dead letter queue: `dead.<consumer>.<owner>`: what a consumer gave up on, until it is redriven or dropped; it never
 * expires by itself. `settled.<consumer>.<owner>`: the record of every redrive and drop.
 */
export const DEAD_STREAM: StreamName = { name: 'DEAD', subjects: ['dead.>', 'settled.>'], keep: 'forever' };
export const deadLetter = (consumer: string, ownerId: string): string => `dead.${consumer}.${ownerId}`;
export const settledDeadLetter = (consumer: string, ownerId: string): string => `settled.${consumer}.${ownerId}`;
/** Not stored: the dead letters of an owner have changed; the payload is the owner. */
export const deadLettersChanged = (consumer: string): string => `changed.dead.${consumer}`;

/** Which instance of a consumer that holds order is given events: `lease.<stream>.<durable>`. */
export const LEASE_STREAM = 'LEASE';
export const lease = (stream: string, durable: string): string => `lease.${stream}.${durable}`;

/** Who changes in how many partitions a stream is consumed, one at a time: a lease as well. */
export const changingPartitions = (stream: string): string => lease(stream, 'changing-partitions');

/** Not stored: which instances of a consumer there are, to share its partitions among them; the payload is one of them. */
export const membersOf = (stream: string, durable: string): string => `members.${stream}.${durable}`;

/** One of a durable's partitions is a durable of its own: `<durable>-<1 to n>of<n>`. With one partition it is the durable. */
export const partitionDurable = (durable: string, partition: number, partitions: number): string =>
  partitions === 1 ? durable : `${durable}-${partition + 1}of${partitions}`;

/** All names that a durable and its partitions can have. */
export const partitionDurables = (durable: string): readonly string[] =>
  PARTITIONS.flatMap((partitions) =>
    Array.from({ length: partitions }, (_, partition) => partitionDurable(durable, partition, partitions)),
  );
