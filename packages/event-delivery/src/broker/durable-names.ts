import type { StreamName } from '../envelope/stream-name.ts';

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
