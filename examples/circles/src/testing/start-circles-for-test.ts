import { randomUUID } from 'node:crypto';
import { TOKENS_ENDED_PATH, USER_SOURCE, USER_STREAM, userDeleted } from '@kith/event-contracts';
import { connectBroker, type EventBroker, writeEnvelope } from '@kith/event-delivery';
import { eventually, type NatsServer, startNats } from '@kith/local-servers';
import {
  createLog,
  GATEWAY_KEY_HEADER,
  type HttpServer,
  sendJson,
  startHttpServer,
  stopInReverse,
} from '@kith/service-kit';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { v7 as newId } from 'uuid';
import { type CirclesConfig, circlesConfigSchema } from '../circles-config.ts';
import { startCircles } from '../start-circles.ts';
import { createDatabase } from './create-database.ts';

const log = createLog({ name: 'test', level: 'silent' });

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: each test knows what it has asked for.
  readonly data: any;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
}

export interface TestCircles {
  readonly nats: NatsServer;
  /** Of a gateway that listens. */
  readonly broker: EventBroker;
  /** For what no command of it would do in a test's time. */
  readonly databaseUrl: string;
  /** As a gateway asks: on behalf of somebody, or of nobody. */
  ask(userId: string | null, query: string, variables?: object): Promise<Answer>;
  /** The user service says that this account is gone. */
  deleteAccount(userId: string): Promise<void>;
  /** Stops the service and starts it anew, at the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** The circles service as it runs, with servers of its own, beside a user service that only knows keys. */
export async function startCirclesForTest(config: Partial<CirclesConfig> = {}): Promise<TestCircles> {
  const [database, nats] = await Promise.all([createDatabase(), startNats()]);
  const { users, tokenOf } = await startKeys();
  const broker = await connectBroker({ eventBus: 'jetstream', natsUrl: nats.url, name: 'gateway', log });
  await broker.declareStream(USER_STREAM);
  const key = randomUUID();
  const own = {
    ...circlesConfigSchema.parse({
      ...{ PORT: '0', CIRCLES_DATABASE_URL: database.url, NATS_URL: nats.url, USER_URL: users.url },
      ...{ GATEWAY_KEY: key, LOG_LEVEL: 'silent' },
    }),
    ...config,
  };
  let service = await startCircles(own, log);
  const { url } = service;
  const isReady = async () => (await fetch(`${url}/ready`)).ok;
  await eventually('the service is ready', isReady);

  return {
    nats,
    broker,
    databaseUrl: database.url,
    async ask(userId, query, variables) {
      const authorization = userId === null ? {} : { authorization: `Bearer ${await tokenOf(userId)}` };
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', [GATEWAY_KEY_HEADER]: key, ...authorization },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as Answer;
    },
    async deleteAccount(ownerId) {
      const { type } = userDeleted;
      const event = {
        eventId: newId(),
        source: USER_SOURCE,
        type,
        ownerId,
        revision: 2,
        occurredAt: new Date(),
        data: {},
      };
      await broker.publish([
        { subject: userDeleted.subject(ownerId), id: event.eventId, payload: writeEnvelope(event) },
      ]);
    },
    async restart() {
      await service.stop();
      service = await startCircles({ ...own, PORT: Number(new URL(url).port) }, log);
      await eventually('the service is ready again', isReady);
    },
    stop: () =>
      stopInReverse(log, [
        () => database.drop(),
        () => nats.stop(),
        () => users.stop(),
        () => broker.close(),
        () => service.stop(),
      ]),
  };
}

async function startKeys(): Promise<{ users: HttpServer; tokenOf: (userId: string) => Promise<string> }> {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const keys = [{ ...(await exportJWK(publicKey)), alg: 'EdDSA', kid: 'test', use: 'sig' }];
  const users = await startHttpServer({
    ...{ host: '127.0.0.1', port: 0, log },
    ready: () => ({ ready: true, uses: {} }),
    routes: {
      'GET /.well-known/jwks.json': (_request, response) => sendJson(response, 200, { keys }),
      [`GET ${TOKENS_ENDED_PATH}`]: (_request, response) => sendJson(response, 200, { now: Date.now(), ended: [] }),
    },
  });
  const tokenOf = (userId: string) =>
    new SignJWT({ sid: newId() })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'test' })
      .setSubject(userId)
      .setIssuedAt()
      .setIssuer('kith')
      .setAudience('kith')
      .setExpirationTime('15m')
      .sign(privateKey);
  return { users, tokenOf };
}
