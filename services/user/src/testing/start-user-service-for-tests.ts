import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBroker, type EventBroker } from '@kith/event-delivery';
import { type NatsServer, startNats } from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool, GATEWAY_KEY_HEADER, parseConfig } from '@kith/service-kit';
import { usersOfNats } from '@kith/services';
import type pg from 'pg';
import { startUserService } from '../start-user-service.ts';
import { userConfigSchema } from '../user-config.ts';

export const GATEWAY_KEY = 'the-gateway-key-of-the-tests';
const OPERATOR_KEY = 'the-operator-key-of-the-tests';

export interface GraphqlAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they asked for.
  readonly data: any;
  /** The codes of the errors. */
  readonly codes: readonly string[];
  readonly errors: readonly { message: string; extensions: Record<string, unknown> }[];
}

export interface UserServiceUnderTest extends AsyncDisposable {
  readonly url: string;
  /** To start another one on the same database and servers, or to take them away. */
  readonly env: Record<string, string>;
  readonly nats: NatsServer;
  /** For looking at what is stored. */
  readonly sql: pg.Pool;
  /** For looking at what is published. */
  readonly broker: EventBroker;
  /** As the gateway does, with an access token or without. */
  graphql(
    query: string,
    variables?: object,
    accessToken?: string,
    headers?: Record<string, string>,
  ): Promise<GraphqlAnswer>;
  operator(path: string, body?: object): Promise<Response>;
  /** The service alone; database and servers stay. */
  stop(): Promise<void>;
}

/** A user service with a database and a nats-server of its own. */
export async function startUserServiceForTests(env: Record<string, string> = {}): Promise<UserServiceUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'kith-user-'));
  const [database, nats] = await Promise.all([createTestDatabase('user'), startNats({ users: usersOfNats })]);
  const log = createLog({ name: 'user-under-test', level: process.env.LOG_LEVEL ?? 'silent' });
  const fullEnv = {
    PORT: '0',
    USER_DATABASE_URL: database.url,
    NATS_URL: nats.urlOf('user'),
    GATEWAY_KEY,
    OPERATOR_KEY,
    SIGNING_KEY_FILE: join(folder, 'signing-keys.json'),
    ...env,
  };
  const config = parseConfig(userConfigSchema, fullEnv);
  const service = await startUserService(config, log);
  const sql = createPool({ url: database.url, name: 'test', max: 2, log });
  const broker = await connectBroker({ eventBus: 'jetstream', natsUrl: nats.url, name: 'test', log });

  return {
    url: service.url,
    env: fullEnv,
    nats,
    sql,
    broker,
    async graphql(query, variables = {}, accessToken, headers = {}) {
      const response = await fetch(`${service.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          [GATEWAY_KEY_HEADER]: GATEWAY_KEY,
          ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
          ...headers,
        },
        body: JSON.stringify({ query, variables }),
      });
      const { data, errors = [] } = (await response.json()) as { data?: unknown; errors?: GraphqlAnswer['errors'] };
      return { data, errors, codes: errors.map(({ extensions }) => String(extensions.code)) };
    },
    operator: (path, body) =>
      fetch(`${service.url}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${OPERATOR_KEY}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    stop: () => service.stop(),
    async [Symbol.asyncDispose]() {
      await service.stop();
      await Promise.all([broker.close(), sql.end()]);
      await Promise.all([database.drop(), nats.stop(), rm(folder, { recursive: true })]);
    },
  };
}
