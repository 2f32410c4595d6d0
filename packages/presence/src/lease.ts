import type { LeaseAnswer, LeaseMessage } from './lease-messages.ts';
import { LEASE_MS } from './presence-times.ts';

/** A lease as the store keeps it; times in ms, by the store's clock. */
export interface Lease {
  readonly begunAt: number;
  /** Those in it are here until then. */
  readonly until: number;
  /** The last message that it has taken. */
  readonly seq: number;
  /** On how many sockets each is here. */
  readonly people: ReadonlyMap<string, number>;
}

/**
 * Lease (Gray and Cheriton, SOSP 1989), with an epoch for each: what a message makes of the one that it names, and what
 * is answered. The script `beat-lease.lua` does the same, and a test compares them.
 *
 * A lease ends LEASE_MS after the latest time that its holder had from the store, not after the message came: so a
 * message that was held up, or comes twice, makes nobody be here for longer than LEASE_MS after the holder's death.
 */
export function applyToLease(
  lease: Lease | undefined,
  message: LeaseMessage,
  now: number,
  leaseMs: number = LEASE_MS,
): { readonly lease: Lease | undefined; readonly answer: LeaseAnswer } {
  const answered = (after: Lease | undefined, seq: number | null) => ({
    lease: after,
    answer: { v: 1 as const, lease: message.lease, seq, at: now },
  });
  if (lease === undefined) {
    if (message.seq > 0) return answered(undefined, null);
    return answered({ begunAt: now, until: now + leaseMs, seq: 0, people: new Map() }, 0);
  }
  if (!holds(lease, now, leaseMs)) return answered(lease, null);
  if (message.seq <= lease.seq) return answered(lease, lease.seq);
  // Of before this lease was begun, or of a time that has not come: the clock was set back. What is missing between the
  // two was taken and forgotten: the next is not said before the last has been answered.
  if (message.at < lease.begunAt || message.at > now || message.seq > lease.seq + 1) return answered(lease, null);
  const people = new Map([...lease.people, ...Object.entries(message.here)]);
  for (const person of Object.keys(message.gone)) people.delete(person);
  const until = Math.max(lease.until, message.at + leaseMs);
  return answered({ ...lease, people, until, seq: message.seq }, message.seq);
}

/** One that ends later than any can was given before the clock was set back: nobody knows for how long it holds. */
export const holds = ({ until }: Lease, now: number, leaseMs: number = LEASE_MS): boolean =>
  until > now && until <= now + leaseMs;

/** On how many sockets each is here whom a lease is held for. */
export function whoIsHere(leases: Iterable<Lease>, now: number): Map<string, number> {
  const here = new Map<string, number>();
  for (const lease of leases) {
    if (!holds(lease, now)) continue;
    for (const [person, sockets] of lease.people) here.set(person, (here.get(person) ?? 0) + sockets);
  }
  return here;
}
