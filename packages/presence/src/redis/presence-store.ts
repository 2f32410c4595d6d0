import { readFileSync } from 'node:fs';
import type { RedisConnection } from '@kith/service-kit';
import type { LeaseAnswer, LeaseMessage } from '../lease-messages.ts';
import { LEASE_MS } from '../presence-times.ts';

/** What is known of one person. */
export interface Presence {
  /** On how many sockets they are here, 0 when on none; undefined: not all could be asked, so nobody knows. */
  readonly sockets: number | undefined;
  /** Since when they are not, in ms since 1970 by the store's clock; undefined when that is not kept. */
  readonly lastSeenAt: number | undefined;
}

export interface PresenceStore {
  /** Does what a gateway says, as `applyToLease` does. Rejects when Redis does not answer: it is said again then. */
  take(message: LeaseMessage): Promise<LeaseAnswer>;
  /** All of these people at once, in two round trips to each server. Rejects when it is not even known who holds leases. */
  read(people: readonly string[]): Promise<Map<string, Presence>>;
  /** To be called every SWEEP_MS by somebody: those in leases that are over were last seen when these were heard of last. */
  sweep(): Promise<void>;
}

/** Durable names. A lease is in one slot, with all its people; who holds one is in another, and so is when somebody was seen. */
const LEASES = 'presence:leases';
const leaseKey = (lease: string) => `presence:lease:{${lease}}`;
const seenKey = (person: string) => `presence:seen:{${person}}`;

/** What nobody sweeps is not kept for ever. */
const KEEP_LEASE_MS = 60 * 60 * 1_000;
const KEEP_SEEN_MS = 30 * 24 * 60 * 60 * 1_000;
const SEEN_AT_ONCE = 500;

const SCRIPTS = ['beat-lease', 'who-is-here', 'people-of-lease', 'saw'] as const;

/** The store of leases in Redis: one script over one slot for each message, whatever the number of people. */
export function createPresenceStore(
  redis: Pick<RedisConnection, 'define' | 'run' | 'send' | 'hmget'>,
  { leaseMs = LEASE_MS }: { readonly leaseMs?: number } = {},
): PresenceStore {
  for (const name of SCRIPTS) {
    const lua = readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
    redis.define(name, { lua, numberOfKeys: 1 });
  }
  const leases = async () => (await redis.send('SMEMBERS', LEASES)) as string[];

  /** A time that is older than the one that is kept changes nothing. */
  async function saw(people: readonly (readonly [person: string, at: number | string])[]): Promise<void> {
    for (let from = 0; from < people.length; from += SEEN_AT_ONCE) {
      const some = people.slice(from, from + SEEN_AT_ONCE);
      await Promise.all(some.map(([person, at]) => redis.run('saw', [seenKey(person)], [at, KEEP_SEEN_MS])));
    }
  }

  async function end(lease: string): Promise<void> {
    const [heardAt, ...people] = await peopleOf(lease, 'read');
    if (heardAt === undefined) return;
    // Before the lease is gone: whoever stops in between does it again.
    if (heardAt !== 'none') {
      await saw(people.map((person) => [person, heardAt]));
      await peopleOf(lease, 'forget');
    }
    await redis.send('SREM', LEASES, lease);
  }
  const peopleOf = async (lease: string, what: 'read' | 'forget') =>
    (await redis.run('people-of-lease', [leaseKey(lease)], [leaseMs, what])) as string[];

  return {
    async take(message) {
      const { lease, seq, at, here, gone } = message;
      // Each time: a server that was flushed has forgotten it.
      await redis.send('SADD', LEASES, lease);
      const changes = [
        ...Object.entries(here).flatMap(([person, sockets]) => ['here', person, sockets]),
        ...Object.keys(gone).flatMap((person) => ['gone', person]),
      ];
      const args = [seq, at, leaseMs, KEEP_LEASE_MS, ...changes];
      const [now, taken] = (await redis.run('beat-lease', [leaseKey(lease)], args)) as [string, number];
      if (taken === seq) await saw(Object.entries(gone));
      return { v: 1, lease, seq: taken < 0 ? null : taken, at: Number(now) };
    },
    async read(people) {
      const [held, seen] = await Promise.all([leases(), redis.hmget(people.map(seenKey), ['at'])]);
      const asked = held.map((lease) => redis.run('who-is-here', [leaseKey(lease)], [leaseMs, ...people]));
      return gather(people, (await Promise.allSettled(asked)).map(readLease), seen.map(readSeen));
    },
    async sweep() {
      for (const lease of await leases()) await end(lease);
    },
  };
}

interface LeaseAsRead {
  readonly holds: boolean;
  readonly heardAt: number;
  readonly sockets: readonly number[];
}

/** Undefined where it could not be asked, null where there is none. */
function readLease(asked: PromiseSettledResult<unknown>): LeaseAsRead | null | undefined {
  if (asked.status === 'rejected') return undefined;
  const [holds, heardAt, now, ...sockets] = asked.value as [number, string, string, ...number[]];
  if (holds === undefined) return null;
  return { holds: holds === 1, heardAt: Math.min(Number(heardAt), Number(now)), sockets };
}

const readSeen = (answer: (string | null)[] | Error): number | undefined =>
  answer instanceof Error || answer[0] == null ? undefined : Number(answer[0]);

function gather(
  people: readonly string[],
  leases: readonly (LeaseAsRead | null | undefined)[],
  seen: readonly (number | undefined)[],
): Map<string, Presence> {
  const isWhole = !leases.includes(undefined);
  const known = leases.filter((each) => each != null);
  const presenceOf = (at: number): Presence => {
    const within = known.filter(({ sockets }) => (sockets[at] ?? 0) > 0);
    const sockets = within.reduce((sum, lease) => sum + (lease.holds ? (lease.sockets[at] ?? 0) : 0), 0);
    // Of a lease that is over and not swept yet.
    const times = [seen[at], ...within.map(({ heardAt }) => heardAt)].filter((each) => each !== undefined);
    const lastSeenAt = sockets > 0 || times.length === 0 ? undefined : Math.max(...times);
    return { sockets: sockets > 0 || isWhole ? sockets : undefined, lastSeenAt };
  };
  return new Map(people.map((person, at) => [person, presenceOf(at)]));
}
