import { z } from 'zod';

/** Of one message: what more there is comes with the next, which does not wait. */
export const MOST_PEOPLE_AT_ONCE = 2_000;

/** Core NATS, not stored: what one gateway says of its lease. `leaseMessageSchema`. */
export const leaseSubject = (holder: string): string => `presence.lease.${holder}`;

/** Core NATS, not stored: what the store says to it. `leaseAnswerSchema`. */
export const liveLeaseAnswer = (holder: string): string => `live.presence-lease.${holder}`;

/** A token of a subject, a part of a key: nothing in it means anything to either. */
const name = z.string().regex(/^[0-9A-Za-z-]{1,64}$/);
const place = z.int().nonnegative();
const people = z
  .record(z.string().regex(/^[0-9A-Za-z-]{1,64}$/), place)
  .refine((each) => Object.keys(each).length <= MOST_PEOPLE_AT_ONCE, `at most ${MOST_PEOPLE_AT_ONCE} people`);

/**
 * What a gateway says: `seq` 0 begins the lease, each one after is the next change of it, with nobody in it a heartbeat.
 * All times are the store's, in ms since 1970.
 */
export const leaseMessageSchema = z.object({
  v: z.literal(1),
  /** Who asks, until its process ends. */
  holder: name,
  /** An epoch: a new one for each lease that is begun, never used again. */
  lease: name,
  seq: place,
  /** The time that the store last told: so old the message is at most, whoever delayed it (a fencing token). */
  at: place,
  /** Who is here now, on how many sockets. */
  here: people,
  /** Who is here no longer, since when. */
  gone: people,
});
export type LeaseMessage = z.output<typeof leaseMessageSchema>;

/** `seq`: all through this one is done. Null: there is no such lease (any more), another one has to be begun. */
export const leaseAnswerSchema = z.object({ v: z.literal(1), lease: name, seq: place.nullable(), at: place });
export type LeaseAnswer = z.output<typeof leaseAnswerSchema>;
