import {
  LIVE_TOKENS_ENDED,
  liveSessionEnded,
  TOKENS_ENDED_PATH,
  type TokensEnded,
  USER_SOURCE,
  USER_STREAM,
} from '@kith/event-contracts';
import { connectBroker, deliverEvents, type EventBroker, eventRoutes } from '@kith/event-delivery';
import {
  brokerIn,
  connectRedis,
  createSubgraphServer,
  createTokenVerifier,
  createTurns,
  type Database,
  type FollowedEndedTokens,
  followEndedTokens,
  gatewayOnly,
  type HttpServer,
  type Logger,
  openDatabase,
  operatorOnly,
  postgresIn,
  type RedisConnection,
  type RunningPart,
  refuseBadPostgres,
  routesOnlyFor,
  type Stop,
  startHttpServer,
  stopInReverse,
} from '@kith/service-kit';
import { v7 as uuidv7 } from 'uuid';
import { openAccountEvents } from './account-events/open-account-events.ts';
import { type AttemptLimits, createAttemptLimits } from './attempts/limit-attempts.ts';
import { connectPrisma } from './connect-prisma.ts';
import { answerEndedSince, endedSince } from './ended-tokens/ended-since.ts';
import { tokensLiveUntil } from './ended-tokens/tokens-live-until.ts';
import { translateUserError } from './graphql/translate-user-error.ts';
import { userContext } from './graphql/user-context.ts';
import { userSubgraph } from './graphql/user-subgraph.ts';
import { answerAccountActions } from './operator/account-actions.ts';
import { answerImportUsers } from './operator/import-users.ts';
import { answerReconcile } from './operator/reconcile.ts';
import { answerStatus } from './operator/status.ts';
import type { UserServiceParts } from './parts/user-service-parts.ts';
import { createPasswordHasher } from './passwords/hash-passwords.ts';
import { createUserLoaders } from './profiles/load-users.ts';
import { noticeRestores } from './restores/notice-restores.ts';
import { type AskWhoBlocks, askFriendServiceWhoBlocks, nobodyBlocks } from './search/ask-who-blocks.ts';
import { keepWordsFolded } from './search/keep-words-folded.ts';
import { keepForgettingExpiredSessions } from './sessions/forget-expired-sessions.ts';
import { type FollowedSigningKeys, followSigningKeys } from './signing-keys/follow-signing-keys.ts';
import { createAccessTokenIssuer } from './signing-keys/issue-access-tokens.ts';
import { serveKeySet } from './signing-keys/serve-key-set.ts';
import type { UserConfig } from './user-config.ts';

/**
 * Starts the user service. It serves at once; while the broker is away nothing is published, and all else works.
 * Postgres may be away too, and it is not ready then. Rejects when the key file cannot be used or Postgres refuses us
 * (ConfigError), or the port is taken.
 */
export async function startUserService(config: UserConfig, log: Logger): Promise<RunningPart> {
  const stops: Stop[] = [];
  const stop = () => stopInReverse(log, stops.splice(0));
  try {
    const keys = await followSigningKeys({
      file: config.SIGNING_KEY_FILE,
      tokenTtlS: config.ACCESS_TOKEN_TTL_S,
      log,
    });
    stops.push(() => keys.stop());
    const database = openDatabase({
      url: config.USER_DATABASE_URL,
      name: 'user',
      connections: config.USER_DATABASE_CONNECTIONS,
      preparedStatements: config.PREPARED_STATEMENTS,
      replica: { url: config.USER_DATABASE_READ_URL, lagAtMostMs: config.READ_REPLICA_LAG_MS },
      log,
    });
    stops.push(database.end);
    await refuseBadPostgres(database.upkeep, { variable: 'USER_DATABASE_URL', log });
    const broker = await connectBroker({ ...brokerIn(config), name: 'user', log });
    stops.push(() => broker.close());

    const ended = followEndedTokens({
      broker,
      endedSince: (sinceMs) => endedSince(database.reads, sinceMs, config.ACCESS_TOKEN_TTL_S),
      log,
    });
    stops.push(() => ended.stop());
    const redis = connectAttempts(config, log);
    if (redis) stops.push(() => redis.close());
    const parts = await assembleParts({ config, log, keys, database, broker, ended, redis, stops });
    const forgetting = keepForgettingExpiredSessions(database.upkeep, log);
    stops.push(() => forgetting.stop());
    const folding = keepWordsFolded(database.upkeep, log);
    stops.push(() => folding.stop());
    const http = await serve({ config, log, keys, broker, ended, redis, database, parts });
    stops.push(() => http.stop());
    return { url: http.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** How long a command waits for its turn on one account, and how many may wait. */
const TURNS = { waitAtMostMs: 1_000, mayWait: 50 };

async function assembleParts(options: {
  config: UserConfig;
  log: Logger;
  keys: FollowedSigningKeys;
  database: Database;
  broker: EventBroker;
  ended: FollowedEndedTokens;
  redis: RedisConnection | undefined;
  stops: Stop[];
}): Promise<UserServiceParts> {
  const { config, log, keys, database, broker, ended, redis, stops } = options;
  const prisma = connectPrisma(database.commands);
  stops.push(() => prisma.$disconnect());
  const tokenTtlS = config.ACCESS_TOKEN_TTL_S;
  const restores = await noticeRestores({ database, broker, tokenTtlS, onEnded: ended.add, log });
  stops.push(() => restores.stop());
  const delivery = await deliverEvents({
    pool: database.upkeep,
    broker,
    source: USER_SOURCE,
    stream: USER_STREAM,
    beforePublishing: restores.askStream,
    log,
  });
  stops.push(() => delivery.stop());
  const { bus, inUnitOfWork, inImport } = openAccountEvents({
    prisma,
    imports: database.background,
    nudge: () => delivery.nudge(),
    log,
  });
  stops.push(() => bus.stop());

  return {
    prisma,
    pool: database.reads,
    replica: database.replica,
    inUnitOfWork,
    inImport,
    inTurn: createTurns(TURNS),
    passwords: await createPasswordHasher(),
    attempts: countAttempts(config, redis),
    accessTokens: createAccessTokenIssuer(keys, config.ACCESS_TOKEN_TTL_S),
    refreshTokenTtlS: config.REFRESH_TOKEN_TTL_S,
    refreshGraceS: config.REFRESH_GRACE_S,
    askWhoBlocks: askingWhoBlocks(config, log),
    moment: () => ({ now: new Date(), newId: uuidv7 }),
    sessionsEnded(userId, which) {
      const ids = 'all' in which ? [userId] : which.sessionIds;
      const tokens: TokensEnded = { ids, until: tokensLiveUntil(new Date(), config.ACCESS_TOKEN_TTL_S) };
      ended.add(tokens);
      broker.announce(LIVE_TOKENS_ENDED, JSON.stringify(tokens));
      broker.announce(liveSessionEnded(userId), JSON.stringify(which));
    },
  };
}

function askingWhoBlocks({ FRIEND_URL, GATEWAY_KEY }: UserConfig, log: Logger): AskWhoBlocks {
  if (FRIEND_URL !== undefined) return askFriendServiceWhoBlocks({ friendUrls: FRIEND_URL, gatewayKey: GATEWAY_KEY });
  return nobodyBlocks(log);
}

function connectAttempts(config: UserConfig, log: Logger): RedisConnection | undefined {
  const { REDIS_URL: url, REDIS_CA_FILE: ca, REDIS_CERT_FILE: cert, REDIS_KEY_FILE: key } = config;
  if (url === undefined) return undefined;
  const meanwhile = 'sign-ins are counted in this process alone';
  return connectRedis({ url, ca, cert, key, log, meanwhile, commandTimeoutMs: REDIS_WITHIN_MS });
}

/** How long a Redis command may take before its caller goes on without Redis. */
const REDIS_WITHIN_MS = 250;

function countAttempts(config: UserConfig, redis: RedisConnection | undefined): AttemptLimits {
  return createAttemptLimits({
    failuresPerAccount: config.SIGN_IN_FAILURES_PER_ACCOUNT,
    failuresPerAddress: config.SIGN_IN_FAILURES_PER_ADDRESS,
    windowS: config.SIGN_IN_WINDOW_S,
    ...(redis && { redis }),
  });
}

function serve(options: {
  config: UserConfig;
  log: Logger;
  keys: FollowedSigningKeys;
  broker: EventBroker;
  ended: FollowedEndedTokens;
  redis: RedisConnection | undefined;
  database: Database;
  parts: UserServiceParts;
}): Promise<HttpServer> {
  const { config, log, keys, broker, ended, redis, database, parts } = options;
  const loaderOfRequest = createUserLoaders(parts.pool);
  return startHttpServer({
    host: config.HOST,
    port: config.PORT,
    metricsPort: config.METRICS_PORT,
    noticeMs: config.STOP_NOTICE_MS,
    log,
    ready: async () => {
      const { readable, writable } = await postgresIn(database.upkeep);
      return {
        ready: readable,
        uses: {
          postgres: writable,
          ...(database.replica && { replica: database.replica.isFresh() }),
          ...(redis && { redis: redis.connected }),
          nats: broker.connected,
        },
      };
    },
    routes: {
      '/graphql': createSubgraphServer({
        schema: userSubgraph,
        gatewayKey: config.GATEWAY_KEY,
        verify: createTokenVerifier({ jwks: () => keys.publicKeys(new Date()) }, ended),
        log,
        translateError: translateUserError,
        contextFor: (request) => userContext(request, parts, loaderOfRequest()),
      }),
      'GET /.well-known/jwks.json': serveKeySet(keys),
      [`GET ${TOKENS_ENDED_PATH}`]: gatewayOnly(
        config.GATEWAY_KEY,
        answerEndedSince(parts.pool, config.ACCESS_TOKEN_TTL_S),
      ),
      'POST /operator/import-users': operatorOnly(
        config.OPERATOR_KEY,
        answerImportUsers({ ...parts, pool: database.background }),
      ),
      'GET /operator/account-actions': operatorOnly(config.OPERATOR_KEY, answerAccountActions(database.background)),
      'GET /operator/reconcile': operatorOnly(config.OPERATOR_KEY, answerReconcile(database.background, broker)),
      'GET /operator/status': operatorOnly(config.OPERATOR_KEY, answerStatus(database.background, broker)),
      ...routesOnlyFor(
        config.OPERATOR_KEY,
        eventRoutes({ pool: database.background, broker: () => broker, source: USER_SOURCE, streams: [USER_STREAM] }),
      ),
    },
  });
}
