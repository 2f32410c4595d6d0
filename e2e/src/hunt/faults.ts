import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Follower } from '../lists/follow-list.ts';
import type { Random } from '../people/seeded-random.ts';
import type { HuntedSystem } from '../system/hunted-system.ts';
import type { SystemForTest } from '../system/start-system-for-test.ts';

/** Breaks something; resolves at the moment the fault has ended, to what has to be awaited before the next is made. */
type Fault = () => Promise<{ readonly goingOn?: Promise<void> } | void>;

export interface Faults {
  readonly byName: Readonly<Record<string, Fault>>;
  stop(): void;
}

/**
 * All that the hunt breaks. A fault ends when the process answers again (its `/ready`, a server's own answer), when a
 * frozen one or a client goes on, and where nothing is away (flushed, cut) as soon as it is done. Nothing is away
 * either while one gateway is, since there is another: its clients have to be back before it is.
 *
 * @param options `longNatsFreeze`: also 10 s without NATS, which outlasts what every client of it waits for an answer
 */
export function faultsOf(
  system: SystemForTest & Pick<HuntedSystem, 'circles'>,
  clients: readonly Pick<Follower, 'cut' | 'stall' | 'readOn'>[],
  random: Random,
  { longNatsFreeze }: { longNatsFreeze: boolean },
): Faults {
  const { circles, gateways, friend, user, nats, redis: redisServer, postgres } = system;
  const redis = new Redis(system.redisUrl);
  // The server is killed on purpose.
  redis.on('error', () => undefined);
  const some = () => clients.filter(() => random.next() < 0.3);
  const restart = async (
    how: 'kill' | 'stop',
    broken: { kill(): Promise<void>; stop(): Promise<void>; start(): Promise<void> },
  ) => {
    await broken[how]();
    await broken.start();
  };
  const end = async (how: 'kill' | 'stop') => {
    const gateway = random.pick(gateways);
    await gateway[how]();
    const goingOn = gateway.start();
    // Whoever awaits it hears of a failure; until then it is no unhandled one.
    goingOn.catch(() => undefined);
    return { goingOn };
  };
  const freeze = async (frozen: { pause(): void; resume(): void }, forMs: number) => {
    frozen.pause();
    await delay(forMs);
    frozen.resume();
  };
  // The relay, which publishes the outbox, and the consumers have no process of their own.
  const byName: Record<string, Fault> = {
    'gateway killed': () => end('kill'),
    'gateway stopped': () => end('stop'),
    'friend service and its relay killed': () => restart('kill', friend),
    'friend service and its relay stopped': () => restart('stop', friend),
    'friend service and its relay frozen': () => freeze(friend, random.between(200, 3_000)),
    'user service and its relay killed': () => restart('kill', user),
    ...(circles && {
      'circles and their relay killed': () => restart('kill', circles),
      'circles and their relay stopped': () => restart('stop', circles),
      'circles and their relay frozen': () => freeze(circles, random.between(200, 3_000)),
    }),
    'NATS restarted': () => restart('stop', nats),
    'NATS killed': () => restart('kill', nats),
    'NATS frozen': () => freeze(nats, random.between(200, 3_000)),
    ...(longNatsFreeze && { 'NATS frozen for 10 s': () => freeze(nats, 10_000) }),
    'Redis flushed': async () => void (await redis.flushall().catch(() => undefined)),
    'Redis killed': () => restart('kill', redisServer),
    'Postgres killed': () => restart('kill', postgres),
    'sockets cut': async () => {
      for (const client of some()) client.cut();
    },
    'clients stalled': async () => {
      const stalled = some();
      for (const client of stalled) client.stall();
      await delay(random.between(200, 2_000));
      for (const client of stalled) client.readOn();
    },
  };
  return { byName, stop: () => redis.disconnect() };
}
