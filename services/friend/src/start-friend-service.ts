import { FRIEND_SOURCE, FRIEND_STREAM, WHO_BLOCKS_PATH } from '@kith/event-contracts';
import {
  connectBroker,
  consume,
  createEventBus,
  type EventBroker,
  startJanitor,
  startRelay,
  startStreamWatch,
} from '@kith/event-delivery';
import {
  askForEndedTokens,
  createSubgraphServer,
  createTokenVerifier,
  currentTraceparent,
  followEndedTokens,
  gatewayOnly,
  type Logger,
  openDatabase,
  postgresIn,
  type RunningPart,
  type Stop,
  startHttpServer,
  stopInReverse,
} from '@kith/service-kit';
import { v7 as newId } from 'uuid';
import { copyProfiles } from './consumers/copy-profiles.ts';
import { updateFriendListView } from './consumers/update-friend-list-view.ts';
import type { RelationshipEvent } from './domain/relationship-events.ts';
import type { FriendConfig } from './friend-config.ts';
import { friendSubgraph } from './graphql/friend-subgraph.ts';
import { translateRefusal } from './graphql/translate-refusal.ts';
import { friendContext } from './graphql/types/builder.ts';
import { writeListCursor } from './lists/list-cursor.ts';
import { loadList } from './lists/load-list.ts';
import { loadRevisions } from './lists/load-revisions.ts';
import { readListHistory } from './lists/read-list-history.ts';
import { operatorRoutes } from './operator/operator-routes.ts';
import type { FriendServiceParts } from './parts/friend-service-parts.ts';
import { learnProfiles } from './profiles/learn-profiles.ts';
import { connectUserService } from './profiles/user-service.ts';
import { answerWhoBlocks } from './queries/read-who-blocks.ts';
import { createRelationships } from './relationships/change-relationship.ts';
import type { ChangedLists } from './relationships/relationships.ts';
import { followTimeline } from './timeline/follow-timeline.ts';
import { noticeRestores } from './timeline/notice-restores.ts';
import { createFriendListView } from './view/friend-list-view.ts';
import { connectRedis } from './view/redis/connect-redis.ts';

/**
 * Assembles and starts the friend service. The endpoint is up at once; publishing and consuming begin when the broker
 * answers, so that lists can be read and changed while it is away. Rejects when the port is taken.
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
  const now = () => new Date();
  const { reads, commands, background, upkeep, end } = openDatabase({
    url: config.FRIEND_DATABASE_URL,
    name: 'kith-friend',
    log,
    connections: config.FRIEND_DATABASE_CONNECTIONS,
  });
  stops.push(end);

  const timeline = await followTimeline(upkeep, log, { others: [reads, commands, background] });
  stops.push(() => timeline.stop());
  const redis = connectRedis({ url: config.REDIS_URL, timeline, log });
  const view = createFriendListView({
    redis,
    load: (ownerId) => loadList(reads, ownerId),
    loadRevisions: (ownerIds) => loadRevisions(reads, ownerIds),
    log,
    onAhead: (ownerId) => restores.viewIsAhead(ownerId),
  });
  timeline.onBegun(() => view.timelineBegan());
  stops.push(
    () => redis.close(),
    () => view.stop(),
  );

  const users = connectUserService({ url: config.USER_URL, gatewayKey: config.GATEWAY_KEY });
  const history = readListHistory(reads, view, timeline);
  const bus = createEventBus<RelationshipEvent>({
    onFailure: ({ event, handler, error }) =>
      log.error({ event: event.name, handler, err: error }, 'a handler of a domain event failed'),
  });
  stops.push(() => bus.stop());
  let nudgeRelay = () => {};
  const committed = async ({ events, revisions }: ChangedLists) => {
    bus.dispatch(events);
    nudgeRelay();
    await Promise.all([...revisions].map(([ownerId, revision]) => view.raiseFloor(ownerId, revision)));
  };

  const relationships = createRelationships({
    pool: commands,
    background,
    limits: {
      friendsPerList: config.FRIENDS_PER_LIST,
      openRequestsPerUser: config.OPEN_REQUESTS_PER_USER,
      askAgainAfterMs: config.ASK_AGAIN_AFTER_S * 1_000,
    },
    moment: () => ({ now: now(), newId }),
    traceparent: currentTraceparent,
    learnProfiles: (userIds) => learnProfiles(commands, users, userIds, () => ({ now: now(), newId })),
    afterCommit: committed,
  });
  const parts: FriendServiceParts = {
    pool: reads,
    relationships,
    view,
    history,
    timeline,
    committed,
    cursorAt: (ownerId, revision) => writeListCursor({ timeline: history.timeline, ownerId, revision, complete: true }),
  };

  const connecting = connectBroker({
    eventBus: config.EVENT_BUS,
    natsUrl: config.NATS_URL,
    name: 'kith-friend',
    log,
  });
  let broker: EventBroker | undefined;
  const restores = noticeRestores({
    pool: upkeep,
    broker: connecting,
    stream: FRIEND_STREAM,
    timeline,
    views: { revisions: view.revisions, onReady: redis.onReady, isConnected: () => redis.connected },
    log,
  });
  stops.push(() => restores.stop());
  // Before anything is answered; what the broker knows, before anything is published or announced.
  await restores.atStart();
  const deliver = async () => {
    broker = await connecting;
    const connected = broker;
    await connected.declareStream(FRIEND_STREAM);
    await restores.askStream(connected);
    const relay = startRelay({ pool: upkeep, broker: connected, source: FRIEND_SOURCE, log });
    nudgeRelay = () => relay.nudge();
    const watch = startStreamWatch({
      pool: upkeep,
      broker: connected,
      source: FRIEND_SOURCE,
      stream: FRIEND_STREAM,
      log,
    });
    const janitor = startJanitor({ pool: upkeep, log });
    const profiles = await consume(copyProfiles({ pool: background, now, newId, afterCommit: committed }), {
      broker: connected,
      log,
    });
    const lists = await consume(
      updateFriendListView({
        view,
        timeline,
        announce: (subject, payload) => connected.announce(subject, payload),
        events: history.events,
      }),
      { broker: connected, log },
    );
    stops.push(
      () => connected.close(),
      () => relay.stop(),
      () => watch.stop(),
      () => janitor.stop(),
      () => profiles.stop(),
      () => lists.stop(),
    );
  };
  // Without streams nothing is delivered; better to be started anew than to look well.
  const brokenBy = new Promise((resolve) => deliver().catch(resolve));

  const ended = followEndedTokens({
    broker: connecting,
    endedSince: askForEndedTokens({ userUrl: config.USER_URL, gatewayKey: config.GATEWAY_KEY }),
    log,
  });
  stops.push(() => ended.stop());
  const verify = createTokenVerifier({ jwksUrl: `${config.USER_URL}/.well-known/jwks.json` }, ended);
  const http = await startHttpServer({
    host: config.HOST,
    port: config.PORT,
    log,
    ready: async () => {
      const { readable, writable } = await postgresIn(upkeep);
      return {
        ready: readable,
        uses: { postgres: writable, redis: redis.connected, nats: broker?.connected === true },
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
        operatorKey: config.OPERATOR_KEY,
        broker: () => connecting,
      }),
    },
  });
  stops.push(() => http.stop());
  return { url: http.url, brokenBy };
}
