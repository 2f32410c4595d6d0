/** The input of the model: how many people there are, and what they do. */
export interface Population {
  readonly people: number;
  /** Of one person, on average. */
  readonly friends: number;
  /** At the busiest moment, from 0 to 1. */
  readonly online: number;
  /** Of lists, by one person in a day. */
  readonly changesPerDay: number;
  /** Pages of a list, by one person in a day. */
  readonly readsPerDay: number;
  /** The busiest second over the average one. */
  readonly peak: number;
  /** How long the streams keep events. */
  readonly keepDays: number;
}

export const USUAL = { changesPerDay: 2, readsPerDay: 20, peak: 3, keepDays: 7 } as const;

/** Bytes of one each. `bench footprint`; an idle client: `bench live-push`. */
export const BYTES = {
  personInUserDatabase: 1_750,
  personInFriendDatabase: 400,
  friendshipInFriendDatabase: 350,
  eventInOutbox: 1_200,
  eventInStream: 600,
  friendInView: 560,
  watchedOwnerInNats: 870,
  subjectInNats: 650,
  idleClientInGateway: 13_400,
} as const;

/** Milliseconds of one core each. `bench federated-read`, `commit-to-client` and `live-push`. */
export const CPU_MS = {
  readAtGateway: 0.291,
  readAtUser: 0.151,
  readAtFriend: 0.225,
  changeAtGateway: 1.29,
  changeAtFriend: 2,
  pushAtGateway: 0.0166,
} as const;

/** When one unit counts as full: as measured, or else as operators usually run it. */
export const HOLDS = {
  /** Of a core; the rest is headroom for bursts. */
  coreShare: 0.6,
  clientsPerGateway: 50_000,
  postgresBytes: 2e12,
  /** `bench write-path`, 32 connections on two cores: 3,245. */
  postgresChangesPerSecond: 3_000,
  redisBytes: 32e9,
  /** `bench relay`: 24,710, and its goal. */
  streamEventsPerSecond: 15_000,
  streamBytes: 1e12,
  natsMemoryBytes: 16e9,
} as const;

/** Copies that a cluster keeps of what JetStream stores. */
export const STREAM_REPLICAS = 3;
/** Outbox and archive together. */
export const OUTBOX_DAYS = 90;
/** A change of a friendship is one of two lists. */
export const EVENTS_PER_CHANGE = 2;
const SECONDS_PER_DAY = 86_400;

export type Part =
  | 'gateway'
  | 'user service'
  | 'friend service'
  | 'user database'
  | 'friend database'
  | 'friend database, writes'
  | 'stream, rate'
  | 'stream, storage'
  | 'NATS, memory'
  | 'Redis';

export interface Need {
  readonly part: Part;
  readonly amount: number;
  readonly unit: 'cores' | 'clients' | 'bytes' | 'changes/s' | 'events/s';
  /** Of one of them, in the same unit. */
  readonly oneHolds: number;
  /** How many of them are full, as a fraction; more than 1 does not fit into one. */
  readonly filled: number;
  /** Stateless: can be scaled out without effort. */
  readonly stateless: boolean;
  /** What an operator turns when it is full. */
  readonly turn: string;
}

export interface Rates {
  readonly friendships: number;
  readonly clients: number;
  /** In the busiest second. */
  readonly readsPerSecond: number;
  readonly changesPerSecond: number;
  readonly eventsPerSecond: number;
  readonly pushesPerSecond: number;
  readonly eventsPerDay: number;
}

/** What people do, in numbers: docs/scale.md has the same formulas. */
export function ratesOf(of: Population): Rates {
  const perSecondAtPeak = (perDay: number) => (of.people * perDay * of.peak) / SECONDS_PER_DAY;
  const changesPerSecond = perSecondAtPeak(of.changesPerDay);
  const eventsPerSecond = changesPerSecond * EVENTS_PER_CHANGE;
  return {
    friendships: (of.people * of.friends) / 2,
    clients: of.people * of.online,
    readsPerSecond: perSecondAtPeak(of.readsPerDay),
    changesPerSecond,
    eventsPerSecond,
    // The owner of a changed list is as likely to be online as anybody.
    pushesPerSecond: eventsPerSecond * of.online,
    eventsPerDay: of.people * of.changesPerDay * EVENTS_PER_CHANGE,
  };
}

/** Capacity planning: what each part needs, the fullest first. Pure. */
export function needsOf(of: Population): Need[] {
  const needs = [...needsOfProcesses(of), ...needsOfDatabases(of), ...needsOfStreams(of), needOfRedis(of)];
  return needs.sort((one, other) => other.filled - one.filled);
}

const need = (part: Part, amount: number, unit: Need['unit'], oneHolds: number, turn: string): Need => ({
  ...{ part, amount, unit, oneHolds, turn },
  filled: amount / oneHolds,
  stateless: turn === MORE_REPLICAS,
});

const MORE_REPLICAS = 'more replicas: it has no state, and one core each';

function needsOfProcesses(of: Population): Need[] {
  const { readsPerSecond, changesPerSecond, pushesPerSecond, clients } = ratesOf(of);
  const cores = (msPerSecond: number) => msPerSecond / 1000;
  const gateway = cores(
    readsPerSecond * CPU_MS.readAtGateway +
      changesPerSecond * CPU_MS.changeAtGateway +
      pushesPerSecond * CPU_MS.pushAtGateway,
  );
  const friend = cores(readsPerSecond * CPU_MS.readAtFriend + changesPerSecond * CPU_MS.changeAtFriend);
  const more = MORE_REPLICAS;
  const ofGateway =
    clients / HOLDS.clientsPerGateway > gateway / HOLDS.coreShare
      ? need('gateway', clients, 'clients', HOLDS.clientsPerGateway, more)
      : need('gateway', gateway, 'cores', HOLDS.coreShare, more);
  return [
    ofGateway,
    need('user service', cores(readsPerSecond * CPU_MS.readAtUser), 'cores', HOLDS.coreShare, more),
    need('friend service', friend, 'cores', HOLDS.coreShare, more),
  ];
}

function needsOfDatabases(of: Population): Need[] {
  const { friendships, eventsPerDay, changesPerSecond } = ratesOf(of);
  const friendBytes =
    of.people * BYTES.personInFriendDatabase +
    friendships * BYTES.friendshipInFriendDatabase +
    eventsPerDay * OUTBOX_DAYS * BYTES.eventInOutbox;
  const byOwner = 'a Postgres that is distributed by owner';
  return [
    need(
      'user database',
      of.people * BYTES.personInUserDatabase,
      'bytes',
      HOLDS.postgresBytes,
      'larger disks, then a Postgres that is distributed by account',
    ),
    need('friend database', friendBytes, 'bytes', HOLDS.postgresBytes, `larger disks, then ${byOwner}`),
    need(
      'friend database, writes',
      changesPerSecond,
      'changes/s',
      HOLDS.postgresChangesPerSecond,
      `more cores and faster disks for the primary, then ${byOwner}`,
    ),
  ];
}

function needsOfStreams(of: Population): Need[] {
  const { eventsPerSecond, eventsPerDay, clients } = ratesOf(of);
  // A person without a change has no subject.
  const subjects = Math.min(of.people, eventsPerDay * of.keepDays);
  return [
    need(
      'stream, rate',
      eventsPerSecond,
      'events/s',
      HOLDS.streamEventsPerSecond,
      'more partitions of the stream, by owner',
    ),
    need(
      'stream, storage',
      eventsPerDay * of.keepDays * BYTES.eventInStream,
      'bytes',
      HOLDS.streamBytes,
      `fewer days in the stream, or more nodes than the ${STREAM_REPLICAS} that hold every copy, with a partition each`,
    ),
    need(
      'NATS, memory',
      clients * BYTES.watchedOwnerInNats + subjects * BYTES.subjectInNats,
      'bytes',
      HOLDS.natsMemoryBytes,
      'fewer days in the stream, then partitions on nodes of their own, and announcements on servers of their own',
    ),
  ];
}

/** Views of people online; others' are loaded when they connect. */
function needOfRedis(of: Population): Need {
  const bytes = ratesOf(of).clients * of.friends * BYTES.friendInView;
  return need('Redis', bytes, 'bytes', HOLDS.redisBytes, 'a Redis Cluster with more shards');
}
