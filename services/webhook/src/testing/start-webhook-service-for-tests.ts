import { randomUUID } from 'node:crypto';
import { FRIEND_SOURCE, FRIEND_STREAM, friendAdded, friendRequestClosed, USER_STREAM } from '@kith/event-contracts';
import { connectBroker, type EventBroker, writeEnvelope } from '@kith/event-delivery';
import { type NatsServer, startNats } from '@kith/local-servers';
import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool, parseConfig, type RunningPart } from '@kith/service-kit';
import { usersOfNats } from '@kith/services';
import type pg from 'pg';
import type { Resolve } from '../sending/guarded-connections.ts';
import { startWebhookService } from '../start-webhook-service.ts';
import { webhookConfigSchema } from '../webhook-config.ts';

const OPERATOR_KEY = 'the-operator-key-of-the-tests';

export interface Answered {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they asked for.
  readonly body: any;
  /** Of the error. */
  readonly code?: string;
  readonly field?: string;
}

/** A webhook service with a database and a nats-server of its own, which lets tests receive on loopback over http. */
export async function startWebhookServiceForTests(
  env: Record<string, string> = {},
  { resolve }: { resolve?: Resolve } = {},
) {
  const [database, nats] = await Promise.all([createTestDatabase('webhook'), startNats({ users: usersOfNats })]);
  const log = createLog({ name: 'webhook-under-test', level: process.env.LOG_LEVEL ?? 'silent' });
  const fullEnv: Record<string, string> = {
    PORT: '0',
    WEBHOOK_DATABASE_URL: database.url,
    NATS_URL: nats.urlOf('webhook'),
    OPERATOR_KEY,
    WEBHOOK_ALLOW_HTTP: 'on',
    WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8',
    WEBHOOK_RETRY_FIRST_MS: '20',
    ...env,
  };
  const start = (more: Record<string, string> = {}) =>
    startWebhookService(parseConfig(webhookConfigSchema, { ...fullEnv, ...more }), log, resolve);
  const broker = await connectBroker({ eventBus: 'jetstream', natsUrl: nats.url, name: 'test', log });
  await broker.declareStream(USER_STREAM);
  await broker.declareStream(FRIEND_STREAM);
  let service: RunningPart = await start();
  const sql = createPool({ url: database.url, name: 'test', max: 2, log });

  return {
    env: fullEnv,
    sql: sql as pg.Pool,
    nats: nats as NatsServer,
    url: () => service.url,
    stop: () => service.stop(),
    /** The same service again, with other settings. */
    async startAgain(more: Record<string, string> = {}) {
      service = await start(more);
    },
    /** Beside it, on the same database and servers. */
    startAnother: start,
    operator: (path: string, body?: object) => ask(`${service.url}/operator/${path}`, body),
    operatorLines: (path: string) => askForLines(`${service.url}/operator/${path}`),
    publish: (ownerId: string, revision: number) => publishFriendAdded(broker, ownerId, revision),
    publishClosedRequest: (ownerId: string, revision: number) => publishRequestClosed(broker, ownerId, revision),
    async [Symbol.asyncDispose]() {
      await service.stop();
      await Promise.all([broker.close(), sql.end()]);
      await Promise.all([database.drop(), nats.stop()]);
    },
  };
}

async function ask(url: string, body?: object): Promise<Answered> {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${OPERATOR_KEY}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const answered = (await response.json()) as any;
  const { code, field } = answered.errors?.[0]?.extensions ?? {};
  return { status: response.status, body: answered, ...(code && { code }), ...(field && { field }) };
}

/** What is answered line by line. */
// biome-ignore lint/suspicious/noExplicitAny: as above.
async function askForLines(url: string): Promise<any[]> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${OPERATOR_KEY}` } });
  const lines = (await response.text()).trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

const person = { userId: 'somebody', nickname: 'Some Body', avatarUrl: null };

/** As the friend service publishes it; resolves to the event's id when the stream has it. */
function publishFriendAdded(broker: EventBroker, ownerId: string, revision: number): Promise<string> {
  const since = new Date().toISOString();
  const data = { friend: { ...person, remark: null, pinned: false, tags: [], since } };
  return publish(broker, { ownerId, revision, contract: friendAdded, data });
}

function publishRequestClosed(broker: EventBroker, ownerId: string, revision: number): Promise<string> {
  const request = { id: randomUUID(), from: person, to: person, message: null, sentAt: new Date().toISOString() };
  return publish(broker, { ownerId, revision, contract: friendRequestClosed, data: { request, outcome: 'DECLINED' } });
}

async function publish(
  broker: EventBroker,
  event: { ownerId: string; revision: number; contract: typeof friendAdded | typeof friendRequestClosed; data: object },
): Promise<string> {
  const { ownerId, revision, contract, data } = event;
  const eventId = randomUUID();
  const payload = writeEnvelope({
    ...{ eventId, source: FRIEND_SOURCE, type: contract.type, ownerId, revision },
    ...{ occurredAt: new Date(), data },
  });
  const [outcome] = await broker.publish([{ id: eventId, subject: contract.subject(ownerId), payload }]);
  if (!outcome || !('sequence' in outcome)) throw new Error(`not published: ${JSON.stringify(outcome)}`);
  return eventId;
}
