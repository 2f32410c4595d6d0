import { randomUUID } from 'node:crypto';
import { connectBroker, type EventBroker } from '@kith/event-delivery';
import {
  eventually,
  missesNothing,
  type NatsServer,
  type RedisServer,
  startNats,
  startRedis,
} from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool, GATEWAY_KEY_HEADER, stopInReverse } from '@kith/service-kit';
import { usersOfNats, usersOfRedis } from '@kith/services';
import type pg from 'pg';
import type { FriendConfig } from '../friend-config.ts';
import { startFriendService } from '../start-friend-service.ts';
import { startUserServiceStandIn, type UserServiceStandIn } from './user-service-stand-in.ts';

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it has asked for.
  readonly data: any;
  readonly errors?: readonly { message: string; path?: unknown[]; extensions: Record<string, unknown> }[];
}

interface Asking {
  readonly variables?: object;
  readonly headers?: Record<string, string>;
}

/** Asks as one user; their token is made once. */
export type Ask = (query: string, asking?: Asking) => Promise<Answer>;

export interface TestFriendService {
  readonly url: string;
  readonly nats: NatsServer;
  readonly redis: RedisServer;
  readonly users: UserServiceStandIn;
  readonly broker: EventBroker;
  /** Of the test's own, for looking into the database. */
  readonly pool: pg.Pool;
  readonly operatorKey: string;
  readonly gatewayKey: string;
  as(userId: string): Promise<Ask>;
  /** Nobody is signed in, unless `headers` says who. */
  readonly ask: Ask;
  /** Stops the service, and starts it anew at the same address; resolves when it answers. */
  restart(whileAway?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const DEFAULTS = {
  HOST: '127.0.0.1',
  PORT: 0,
  FRIEND_DATABASE_CONNECTIONS: 16,
  PREPARED_STATEMENTS: 'auto',
  READ_REPLICA_LAG_MS: 1_000,
  EVENT_BUS: 'jetstream',
  LOG_LEVEL: 'silent',
  FRIENDS_PER_LIST: 5_000,
  OPEN_REQUESTS_PER_USER: 500,
  ASK_AGAIN_AFTER_S: 7 * 24 * 60 * 60,
  STOP_NOTICE_MS: 0,
  ANNOUNCEMENT_FORM: 2,
} as const;

/** The friend service as it runs, with its own servers, on a user service that is a stand-in. */
export async function startFriendServiceForTest(config: Partial<FriendConfig> = {}): Promise<TestFriendService> {
  const log = createLog({ name: 'test', level: 'silent' });
  const [database, nats, redis] = await Promise.all([
    createTestDatabase('friend'),
    startNats({ users: usersOfNats }),
    startRedis({ users: usersOfRedis }),
  ]);
  const keys = { GATEWAY_KEY: randomUUID(), OPERATOR_KEY: randomUUID() };
  const broker = await connectBroker({
    eventBus: 'jetstream',
    natsUrl: nats.url,
    name: 'user-stand-in',
    log,
  });
  const users = await startUserServiceStandIn(keys.GATEWAY_KEY, broker);
  const serviceConfig = {
    ...DEFAULTS,
    FRIEND_DATABASE_URL: database.url,
    REDIS_URL: redis.urlOf('friend'),
    NATS_URL: nats.urlOf('friend'),
    USER_URL: [users.http.url],
    ...{ GATEWAY_KEY: [keys.GATEWAY_KEY], OPERATOR_KEY: [keys.OPERATOR_KEY] },
    ...config,
  };
  let service = await startFriendService(serviceConfig, log);
  const { url } = service;
  await eventually('the friend service is ready', () => missesNothing(url));
  const pool = createPool({ url: database.url, name: 'test', log, max: 4 });

  async function ask(query: string, { variables, headers }: Asking = {}): Promise<Answer> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [GATEWAY_KEY_HEADER]: keys.GATEWAY_KEY, ...headers },
      body: JSON.stringify({ query, variables }),
    });
    return { status: response.status, ...((await response.json()) as { data: unknown }) } as Answer;
  }

  return {
    url,
    nats,
    redis,
    users,
    broker,
    pool,
    operatorKey: keys.OPERATOR_KEY,
    gatewayKey: keys.GATEWAY_KEY,
    ask,
    async as(userId) {
      const authorization = `Bearer ${await users.tokenOf(userId)}`;
      return (query, asking = {}) => ask(query, { ...asking, headers: { authorization, ...asking.headers } });
    },
    async restart(whileAway) {
      await service.stop();
      await whileAway?.();
      service = await startFriendService({ ...serviceConfig, PORT: Number(new URL(url).port) }, log);
    },
    async stop() {
      await stopInReverse(log, [
        () => database.drop(),
        () => nats.stop(),
        () => redis.stop(),
        () => users.http.stop(),
        () => broker.close(),
        () => pool.end(),
        () => service.stop(),
      ]);
    },
  };
}

/** The codes of an answer's errors. */
export function codesOf({ errors = [] }: Answer): unknown[] {
  return errors.map(({ extensions }) => extensions.code);
}
