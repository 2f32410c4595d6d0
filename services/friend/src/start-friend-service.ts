import { FRIEND_STREAM, WHO_BLOCKS_PATH } from '@kith/event-contracts';
import { connectBroker, type EventBroker } from '@kith/event-delivery';
import { followTimeline, noticeRestores, type Timeline } from '@kith/live-list';
import {
  askForEndedTokens,
  brokerIn,
  createSubgraphServer,
  createTokenVerifier,
  currentTraceparent,
  followEndedTokens,
  gatewayOnly,
  type Logger,
  openDatabase,
  postgresIn,
  type Replica,
  type RunningPart,
  type Stop,
  startHttpServer,
  startWhenPostgresAnswers,
  stopInReverse,
} from '@kith/service-kit';
import type pg from 'pg';
import { v7 as newId } from 'uuid';
import { startDelivery } from './deliver-events.ts';
import type { FriendLimits } from './domain/relationship-state.ts';
import type { FriendConfig } from './friend-config.ts';
import { friendSubgraph } from './graphql/friend-subgraph.ts';
import { translateRefusal } from './graphql/translate-refusal.ts';
import { friendContext } from './graphql/types/builder.ts';
import { friendListCursors, friendLiveList } from './lists/friend-live-list.ts';
import { loadList } from './lists/load-list.ts';
import { loadRevisions } from './lists/load-revisions.ts';
import { operatorRoutes } from './operator/operator-routes.ts';
import type { FriendServiceParts } from './parts/friend-service-parts.ts';
import { learnProfiles } from './profiles/learn-profiles.ts';
import { connectUserService, type UserService } from './profiles/user-service.ts';
import { answerWhoBlocks } from './queries/read-who-blocks.ts';
import { createRelationships } from './relationships/change-relationship.ts';
import { tellOfCommits } from './tell-of-commits.ts';
import { ownersAfter } from './timeline/owners-of-lists.ts';
import { createFriendListView, type FriendListView } from './view/friend-list-view.ts';
import { connectRedis, type ViewRedis } from './view/redis/connect-redis.ts';

/**
 * Assembles and starts the friend service. The endpoint is up at once, and not ready while Postgres is away; publishing
 * and consuming begin when the broker answers: lists can be read and changed while it is away. Rejects when the port is
 * taken, or Postgres refuses us (ConfigError).
 */
export async function startFriendService(config: FriendConfig, log: Logger): Promise<RunningPart> {
  // Read when it stops: delivery adds its own once the broker has answered.
  const stops: Stop[] = [];
  const stop = () => stopInReverse(log, stops.splice(0));
  try {
    return { ...(await start(config, log, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(config: FriendConfig, log: Logger, stops: Stop[]): Promise<Omit<RunningPart, 'stop'>> {
  const { reads, commands, background, upkeep, replica, end } = openDatabase({
    ...{ url: config.FRIEND_DATABASE_URL, name: 'kith-friend', log },
    connections: config.FRIEND_DATABASE_CONNECTIONS,
    preparedStatements: config.PREPARED_STATEMENTS,
    replica: { url: config.FRIEND_DATABASE_READ_URL, lagAtMostMs: config.READ_REPLICA_LAG_MS },
  });
  stops.push(end);

  const timeline = await startWhenPostgresAnswers(
    () => followTimeline(upkeep, log, { others: [reads, commands, background] }),
    { variable: 'FRIEND_DATABASE_URL', log, place: { ...placeOf(config), log } },
  );
  stops.push(() => timeline.stop());
  const { redis, view } = openViews({ config, timeline, log, stops, reads, onAhead: (id) => restores.viewIsAhead(id) });
  const users = connectUserService({ urls: config.USER_URL, gatewayKey: config.GATEWAY_KEY });
  const teller = tellOfCommits({ view, log });
  stops.push(() => teller.stop());
  const { committed } = teller;
  const parts = assembleParts({ config, reads, replica, commands, background, users, view, timeline, committed });

  const connecting = connectBroker({ ...brokerIn(config), name: 'friend', log });
  const restores = noticeRestores({
    pool: upkeep,
    broker: connecting,
    stream: FRIEND_STREAM,
    timeline,
    views: {
      owners: (after) => ownersAfter(upkeep, after),
      revisions: view.revisions,
      onReady: redis.onReady,
      isConnected: () => redis.connected,
    },
    log,
  });
  stops.push(() => restores.stop());
  // Before anything is answered; what the broker knows, before anything is published or announced.
  await restores.atStart();
  const delivery = startDelivery({
    ...{ background, upkeep, connecting, restores, view, timeline, reads, committed, log, stops },
    form: config.ANNOUNCEMENT_FORM,
    onStart: teller.setRelay,
  });
  const url = await serve(config, {
    ...{ reads, background, upkeep, connecting, parts, users, log, stops },
    uses: () => ({
      redis: redis.connected,
      nats: delivery.broker?.connected === true,
      ...(replica && { replica: replica.isFresh() }),
    }),
  });
  return { url, brokenBy: delivery.brokenBy };
}

const placeOf = ({ HOST: host, PORT: port, METRICS_PORT: metricsPort }: FriendConfig) => ({ host, port, metricsPort });

const redisOf = (config: FriendConfig) => ({
  url: config.REDIS_URL,
  ...{ ca: config.REDIS_CA_FILE, cert: config.REDIS_CERT_FILE, key: config.REDIS_KEY_FILE },
});

/** The read model, closed with the rest; Redis may be away. */
function openViews(using: {
  config: FriendConfig;
  timeline: Timeline;
  reads: pg.Pool;
  onAhead: (ownerId: string) => Promise<void>;
  log: Logger;
  stops: Stop[];
}): { redis: ViewRedis; view: FriendListView } {
  const { config, timeline, reads, onAhead, log, stops } = using;
  const redis = connectRedis({ ...redisOf(config), timeline, log });
  const view = createFriendListView({
    redis,
    load: (ownerId) => loadList(reads, ownerId),
    loadRevisions: (ownerIds) => loadRevisions(reads, ownerIds),
    log,
    onAhead,
    // The others are for what is read meanwhile.
    mostLoads: Math.max(1, (reads.options.max ?? 1) - 2),
  });
  timeline.onBegun(() => view.timelineBegan());
  stops.push(
    () => redis.close(),
    () => view.stop(),
  );
  return { redis, view };
}

function assembleParts(using: {
  config: FriendConfig;
  reads: pg.Pool;
  replica: Replica | undefined;
  commands: pg.Pool;
  background: pg.Pool;
  users: UserService;
  view: FriendListView;
  timeline: Timeline;
  committed: FriendServiceParts['committed'];
}): FriendServiceParts {
  const { config, reads, replica, commands, background, users, view, timeline, committed } = using;
  const moment = () => ({ now: new Date(), newId });
  const list = friendLiveList(reads, view, timeline);
  const relationships = createRelationships({
    pool: commands,
    background,
    limits: limitsOf(config),
    moment,
    traceparent: currentTraceparent,
    learnProfiles: (userIds) => learnProfiles(commands, users, userIds, moment),
    afterCommit: committed,
  });
  return {
    pool: reads,
    replica,
    relationships,
    view,
    list,
    timeline,
    committed,
    cursorAt: (ownerId, revision) =>
      friendListCursors.write({ timeline: timeline.current, ownerId, revision, complete: true }),
  };
}

function limitsOf(config: FriendConfig): FriendLimits {
  return {
    friendsPerList: config.FRIENDS_PER_LIST,
    openRequestsPerUser: config.OPEN_REQUESTS_PER_USER,
    askAgainAfterMs: config.ASK_AGAIN_AFTER_S * 1_000,
  };
}

/** The endpoint, with the ends of sessions that it refuses by; answers where it is. */
async function serve(
  config: FriendConfig,
  using: {
    reads: pg.Pool;
    background: pg.Pool;
    upkeep: pg.Pool;
    connecting: Promise<EventBroker>;
    parts: FriendServiceParts;
    users: UserService;
    uses: () => Readonly<Record<string, boolean>>;
    log: Logger;
    stops: Stop[];
  },
): Promise<string> {
  const { reads, background, upkeep, connecting, parts, users, log, stops } = using;
  const ended = followEndedTokens({
    broker: connecting,
    endedSince: askForEndedTokens({ userUrls: config.USER_URL, gatewayKey: config.GATEWAY_KEY }),
    log,
  });
  stops.push(() => ended.stop());
  const verify = createTokenVerifier({ issuerUrls: config.USER_URL }, ended);
  const http = await startHttpServer({
    ...placeOf(config),
    noticeMs: config.STOP_NOTICE_MS,
    log,
    ready: async () => {
      const { readable, writable } = await postgresIn(upkeep);
      return {
        ready: readable,
        uses: { postgres: writable, ...using.uses() },
      };
    },
    routes: {
      '/graphql': createSubgraphServer({
        schema: friendSubgraph,
        gatewayKey: config.GATEWAY_KEY,
        verify,
        log,
        translateError: translateRefusal,
        contextFor: (request) => friendContext(request, parts),
      }),
      [`POST ${WHO_BLOCKS_PATH}`]: gatewayOnly(config.GATEWAY_KEY, answerWhoBlocks(reads)),
      ...operatorRoutes({
        parts: { ...parts, pool: background },
        users,
        limits: limitsOf(config),
        operatorKey: config.OPERATOR_KEY,
        broker: () => connecting,
      }),
    },
  });
  stops.push(() => http.stop());
  return http.url;
}
