import { randomUUID } from 'node:crypto';
import { WEBHOOK_SOURCE } from '@kith/event-contracts';
import { connectBroker, eventRoutes } from '@kith/event-delivery';
import {
  brokerIn,
  type Database,
  type Logger,
  openDatabase,
  postgresIn,
  type RunningPart,
  refuseBadPostgres,
  routesOnlyFor,
  type Stop,
  startHttpServer,
  stopInReverse,
} from '@kith/service-kit';
import { consumeWhileSomebodyListens } from './consumers/consume-while-somebody-listens.ts';
import { keepRemovingOldDeliveries } from './deliveries/remove-old-deliveries.ts';
import type { Attempt } from './domain/after-an-attempt.ts';
import type { Secrets } from './endpoints/endpoint-rows.ts';
import { answerReconcile, answerStatus } from './operator/status.ts';
import { webhookRoutes } from './operator/webhook-routes.ts';
import { openGuardedConnections, type Resolve, systemResolve } from './sending/guarded-connections.ts';
import { type Message, sendSigned } from './sending/send-signed.ts';
import { serveEndpoints } from './sending/serve-endpoints.ts';
import { OWNERS_AT_ONCE, workThroughEndpoint } from './sending/work-through-endpoint.ts';
import type { WebhookConfig } from './webhook-config.ts';

/**
 * Starts the webhook service. It answers at once, and sends what is queued while the broker is away; consuming begins with
 * the first endpoint. Rejects when the port is taken, or Postgres refuses us (ConfigError).
 *
 * @param resolve names into addresses; the system's unless a test says otherwise
 */
export async function startWebhookService(
  config: WebhookConfig,
  log: Logger,
  resolve: Resolve = systemResolve,
): Promise<RunningPart> {
  const stops: Stop[] = [];
  const stop = () => stopInReverse(log, stops.splice(0));
  try {
    return { ...(await start(config, log, { resolve, stops })), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  config: WebhookConfig,
  log: Logger,
  { resolve, stops }: { resolve: Resolve; stops: Stop[] },
): Promise<Omit<RunningPart, 'stop'>> {
  const { WEBHOOK_DATABASE_URL: url, WEBHOOK_DATABASE_CONNECTIONS: connections, PREPARED_STATEMENTS } = config;
  const database = openDatabase({
    ...{ url, name: 'webhook', connections, log },
    preparedStatements: PREPARED_STATEMENTS,
  });
  stops.push(database.end);
  await refuseBadPostgres(database.upkeep, { variable: 'WEBHOOK_DATABASE_URL', log });
  const broker = await connectBroker({ ...brokerIn(config), name: 'webhook', log });
  stops.push(() => broker.close());
  const janitor = keepRemovingOldDeliveries(database.upkeep, config.WEBHOOK_LOG_DAYS, log);
  stops.push(() => janitor.stop());

  const { endpoints, consumers, brokenBy } = deliver(config, log, { database, broker, resolve });
  stops.push(
    () => endpoints.stop(),
    () => consumers.stop(),
  );
  const { background } = database;
  const http = await startHttpServer({
    host: config.HOST,
    port: config.PORT,
    metricsPort: config.METRICS_PORT,
    log,
    ready: async () => {
      const { readable, writable } = await postgresIn(database.upkeep);
      return { ready: readable, uses: { postgres: writable, nats: broker.connected } };
    },
    routes: routesOnlyFor(config.OPERATOR_KEY, {
      ...webhookRoutes({
        pool: database.commands,
        retryForMs: config.WEBHOOK_RETRY_FOR_S * 1_000,
        allowed: { http: config.WEBHOOK_ALLOW_HTTP === 'on', ranges: config.WEBHOOK_ALLOWED_RANGES },
        resolve,
        now: () => new Date(),
        changed: endpoints.changed,
        sendNow: (message, to, secrets) => sendNow(config, resolve, { message, to, secrets }),
      }),
      ...eventRoutes({ pool: background, broker: () => broker, source: WEBHOOK_SOURCE, streams: [] }),
      'GET /operator/status': answerStatus(background, broker, consumers.consuming),
      'GET /operator/reconcile': answerReconcile(background, broker),
    }),
  });
  stops.push(() => http.stop());
  return { url: http.url, brokenBy };
}

function deliver(
  config: WebhookConfig,
  log: Logger,
  {
    database,
    broker,
    resolve,
  }: { database: Database; broker: Awaited<ReturnType<typeof connectBroker>>; resolve: Resolve },
) {
  const retryForMs = config.WEBHOOK_RETRY_FOR_S * 1_000;
  const { promise: brokenBy, resolve: breaks } = Promise.withResolvers<unknown>();
  const consumers = consumeWhileSomebodyListens({
    pool: database.background,
    upkeep: database.upkeep,
    broker,
    retryForMs,
    onQueued: (ids) => endpoints.queued(ids),
    onFailed: breaks,
    log,
  });
  const holder = randomUUID();
  const endpoints = serveEndpoints({
    pool: database.reads,
    work: (id) =>
      workThroughEndpoint(id, {
        pool: database.reads,
        holder,
        timeoutMs: config.WEBHOOK_TIMEOUT_MS,
        retryFirstMs: config.WEBHOOK_RETRY_FIRST_MS,
        connect: (to) => connectionsTo(to, config, resolve),
        now: () => new Date(),
        log,
      }),
    onEndpoints: consumers.follow,
    log,
  });
  return { endpoints, consumers, brokenBy };
}

const connectionsTo = (to: URL, config: WebhookConfig, resolve: Resolve) =>
  openGuardedConnections(to, {
    connections: OWNERS_AT_ONCE,
    timeoutMs: config.WEBHOOK_TIMEOUT_MS,
    ranges: config.WEBHOOK_ALLOWED_RANGES,
    resolve,
  });

async function sendNow(
  config: WebhookConfig,
  resolve: Resolve,
  { message, to, secrets }: { message: Message; to: URL; secrets: Secrets },
): Promise<Attempt> {
  const connections = connectionsTo(to, config, resolve);
  const { WEBHOOK_TIMEOUT_MS: timeoutMs } = config;
  try {
    return await sendSigned(message, { url: to, secrets, connections, timeoutMs, now: () => new Date() });
  } finally {
    await connections.destroy();
  }
}
