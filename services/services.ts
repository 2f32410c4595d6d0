import {
  FRIEND_LIST_VIEW_CONSUMER,
  FRIEND_STREAM,
  LIVE_TOKENS_ENDED,
  liveFriendList,
  liveSessionEnded,
  PROFILE_COPY_CONSUMER,
  USER_STREAM,
  WEBHOOK_FRIEND_CONSUMER,
  WEBHOOK_USER_CONSUMER,
} from '@kith/event-contracts';
import type { StreamName } from '@kith/event-delivery/envelope';

/**
 * What a service is, for everybody who is not it: start, docker compose, migrations, credentials, rights on the servers,
 * the operator's command, the composed schema, the checks. What a service is not or has not is left out.
 */
export type Service = {
  /** The folder of its main.ts, from the workspace's root, and of the index.ts that gives `configSchema` and `start`. */
  readonly folder: string;
  /** Where it listens in docker compose. */
  readonly port: number;
  /** By which others find it. */
  readonly urlVariable: string;
  /** Services that it asks over HTTP: it is told their addresses. */
  readonly asks: readonly string[];
  /** Whether its schema is a part of the API, which the gateway composes. */
  readonly isSubgraph: boolean;
  /** In Postgres: migrated from prisma/<service>/migrations, and its own. */
  readonly database?: {
    /** The role that owns it is called the same. */
    readonly databaseName: string;
    readonly urlVariable: string;
    /** To the migration: with which the service is to open it. */
    readonly serviceUrlVariable: string;
  };
  /** The patterns of its keys in Redis. */
  readonly redisKeys?: readonly string[];
  /** The stream of its events, which it alone publishes to. */
  readonly stream?: StreamName;
  /** Its durable consumers; what they give up on is its to settle. */
  readonly consumers: readonly {
    readonly durable: string;
    readonly of: StreamName;
    /** One instance at a time is given events, by a lease, so that owners' order is kept (`whenPoisoned: 'hold'`). */
    readonly holds?: true;
    /** Its inbox remembers what it has handled: to compare them, the service reads the stream anew, beside its durable. */
    readonly remembers?: true;
  }[];
  /** On core NATS, where nothing is stored: what it tells, and what it hears. */
  readonly announces: readonly string[];
  readonly hears: readonly string[];
  /** Whether it keeps the keys that sign access tokens (SIGNING_KEY_FILE). */
  readonly signsTokens?: true;
  /** The variable that has to be `on` for `start` to start it; without one it is always started. */
  readonly startedBy?: 'WEBHOOKS';
};

const services = {
  user: {
    folder: 'services/user/src',
    port: 4101,
    urlVariable: 'USER_URL',
    asks: ['friend'],
    isSubgraph: true,
    database: {
      databaseName: 'kith_user',
      urlVariable: 'USER_DATABASE_URL',
      serviceUrlVariable: 'USER_SERVICE_DATABASE_URL',
    },
    // `limit-attempts.ts`.
    redisKeys: ['kith:attempts:*'],
    stream: USER_STREAM,
    consumers: [],
    announces: [liveSessionEnded('*'), LIVE_TOKENS_ENDED],
    hears: [LIVE_TOKENS_ENDED],
    signsTokens: true,
  },
  friend: {
    folder: 'services/friend/src',
    port: 4102,
    urlVariable: 'FRIEND_URL',
    asks: ['user'],
    isSubgraph: true,
    database: {
      databaseName: 'kith_friend',
      urlVariable: 'FRIEND_DATABASE_URL',
      serviceUrlVariable: 'FRIEND_SERVICE_DATABASE_URL',
    },
    // `view-keys.ts`.
    redisKeys: ['friend-list:*'],
    stream: FRIEND_STREAM,
    consumers: [
      { durable: FRIEND_LIST_VIEW_CONSUMER, of: FRIEND_STREAM },
      { durable: PROFILE_COPY_CONSUMER, of: USER_STREAM, remembers: true },
    ],
    announces: [liveFriendList('*')],
    hears: [LIVE_TOKENS_ENDED],
  },
  webhook: {
    folder: 'services/webhook/src',
    port: 4103,
    urlVariable: 'WEBHOOK_URL',
    asks: [],
    isSubgraph: false,
    database: {
      databaseName: 'kith_webhook',
      urlVariable: 'WEBHOOK_DATABASE_URL',
      serviceUrlVariable: 'WEBHOOK_SERVICE_DATABASE_URL',
    },
    consumers: [
      { durable: WEBHOOK_USER_CONSUMER, of: USER_STREAM, holds: true, remembers: true },
      { durable: WEBHOOK_FRIEND_CONSUMER, of: FRIEND_STREAM, holds: true, remembers: true },
    ],
    announces: [],
    hears: [],
    startedBy: 'WEBHOOKS',
  },
} as const satisfies Readonly<Record<string, Service>>;

export type ServiceName = keyof typeof services;

type With<Part extends keyof Service> = {
  [Name in ServiceName]: (typeof services)[Name] extends Required<Pick<Service, Part>> ? Name : never;
}[ServiceName];
/** Those that have a database, a share of Redis, a stream. */
export type ServiceWithDatabase = With<'database'>;
export type ServiceInRedis = With<'redisKeys'>;
export type ServiceWithStream = With<'stream'>;
/** Those that are started when a variable says so, and those that always are. */
export type ServiceOnRequest = With<'startedBy'>;
export type ServiceAlwaysThere = Exclude<ServiceName, ServiceOnRequest>;

/** All of them. Each starts after those before it, and is stopped before them, where one waits for the other. */
export const SERVICES: { readonly [Name in ServiceName]: Service & Pick<(typeof services)[Name], 'urlVariable'> } =
  services;
export const SERVICE_NAMES = Object.keys(services) as readonly ServiceName[];

const having = <Name extends ServiceName>(part: keyof Service) =>
  SERVICE_NAMES.filter((name) => SERVICES[name][part] !== undefined) as readonly string[] as readonly Name[];
export const WITH_DATABASE = having<ServiceWithDatabase>('database');
export const IN_REDIS = having<ServiceInRedis>('redisKeys');
export const WITH_STREAM = having<ServiceWithStream>('stream');
/** Those that adopt event delivery, as publishers or consumers: each answers `GET /operator/reconcile`. */
export const WITH_EVENTS = SERVICE_NAMES.filter(
  (name) => SERVICES[name].stream !== undefined || SERVICES[name].consumers.length > 0,
);
/** Those that write events of their own into their database. */
export const WITH_OUTBOX = WITH_DATABASE.filter((name) => SERVICES[name].stream !== undefined);
export const ALWAYS_THERE = SERVICE_NAMES.filter(
  (name): name is ServiceAlwaysThere => SERVICES[name].startedBy === undefined,
);
/** Those that are started with these variables. */
export const startedWith = (env: Readonly<Record<string, string | undefined>>): readonly ServiceName[] =>
  SERVICE_NAMES.filter((name) => {
    const { startedBy } = SERVICES[name];
    return startedBy === undefined || env[startedBy] === 'on';
  });
export const SUBGRAPHS = SERVICE_NAMES.filter((name) => SERVICES[name].isSubgraph);

/** What of a service is there for certain, because it is one of those that have it. */
export const databaseOf = (name: ServiceWithDatabase) => services[name].database;
/** Who alone publishes to a stream. */
export const publisherOf = (stream: string | undefined): ServiceWithStream | undefined =>
  WITH_STREAM.find((name) => streamOf(name).name === stream);
export const databasesOf = (names: readonly ServiceName[]) => WITH_DATABASE.filter((name) => names.includes(name));
export const streamOf = (name: ServiceWithStream) => services[name].stream;

/** Whose consumer it is, and so who settles what it gave up on; of a consumer that nobody has, one that has any. */
export const keeperOf = (durable?: string): ServiceName =>
  SERVICE_NAMES.find((name) => SERVICES[name].consumers.some((own) => own.durable === durable)) ?? KEEPS_DEAD_LETTERS;
const KEEPS_DEAD_LETTERS = SERVICE_NAMES.find((name) => SERVICES[name].consumers.length > 0) ?? 'friend';

/** A record with something of each of them. */
export function ofEach<Name extends string, Value>(
  names: readonly Name[],
  made: (name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, made(name)])) as Record<Name, Value>;
}

/** The same under the names of fields: `userUrl`, `friendUrl`. */
export type Fields<Name extends string, Suffix extends string, Value> = {
  [Each in Name as `${Each}${Suffix}`]: Value;
};
export function fieldsOfEach<Name extends string, Suffix extends string, Value>(
  names: readonly Name[],
  suffix: Suffix,
  made: (name: Name) => Value,
): Fields<Name, Suffix, Value> {
  return Object.fromEntries(names.map((name) => [`${name}${suffix}`, made(name)])) as Fields<Name, Suffix, Value>;
}
