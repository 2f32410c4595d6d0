import { connectBroker, deliverEvents, type EventBroker } from '@kith/event-delivery';
import { type LiveLists, openLiveLists } from '@kith/live-list';
import {
  askForEndedTokens,
  brokerIn,
  createSubgraphServer,
  createTokenVerifier,
  currentTraceparent,
  type Database,
  followEndedTokens,
  type Logger,
  openDatabase,
  postgresIn,
  type RunningPart,
  type Stop,
  startHttpServer,
  startWhenPostgresAnswers,
  stopInReverse,
} from '@kith/service-kit';
import { v7 as newId } from 'uuid';
import type { CirclesConfig } from './circles-config.ts';
import { CIRCLES_SOURCE, CIRCLES_STREAM } from './contracts/circle-events.ts';
import { forgetPeople } from './forget-people.ts';
import { type CirclesParts, circlesContext } from './graphql/circles-context.ts';
import { circlesSubgraph } from './graphql/circles-subgraph.ts';
import { declareLists } from './lists/circle-lists.ts';
import { type Circles, createCircles } from './store/change-circles.ts';
import { createTables } from './store/create-tables.ts';

/** Starts the circles service; the endpoint is up before the broker answers, and not ready before Postgres does. Rejects when the port is taken. */
export async function startCircles(config: CirclesConfig, log: Logger): Promise<RunningPart> {
  const stops: Stop[] = [];
  const stop = () => stopInReverse(log, stops.splice(0));
  try {
    return { ...(await start(config, log, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(config: CirclesConfig, log: Logger, stops: Stop[]): Promise<Omit<RunningPart, 'stop'>> {
  const database = openDatabase({
    ...{ url: config.CIRCLES_DATABASE_URL, name: 'circles', log },
    connections: config.CIRCLES_DATABASE_CONNECTIONS,
  });
  stops.push(database.end);
  const { reads, commands, background, upkeep } = database;
  await startWhenPostgresAnswers(() => createTables(upkeep), {
    variable: 'CIRCLES_DATABASE_URL',
    log,
    place: { host: config.HOST, port: config.PORT, log },
  });

  const connecting = connectBroker({ ...brokerIn({ ...config, EVENT_BUS: 'jetstream' }), name: 'circles', log });
  const lists = await openLiveLists({
    ...{ pool: background, others: [reads, commands, upkeep], broker: connecting },
    ...{ stream: CIRCLES_STREAM, source: CIRCLES_SOURCE, log },
  });
  stops.push(() => lists.stop());
  let nudgeRelay = () => {};
  const limits = { membersPerCircle: config.MEMBERS_PER_CIRCLE, circlesPerPerson: config.CIRCLES_PER_PERSON };
  const circles = createCircles({
    ...{ pool: commands, limits, newId, now: () => new Date(), traceparent: currentTraceparent },
    committed: () => nudgeRelay(),
  });
  const parts = { pool: reads, circles, lists: declareLists(lists) };
  const delivery = deliver({
    database,
    connecting,
    lists,
    circles,
    log,
    stops,
    onStart: (nudge) => (nudgeRelay = nudge),
  });
  const url = await serve(config, { database, connecting, parts, broker: delivery.broker, log, stops });
  return { url, brokenBy: delivery.brokenBy };
}

/** Publishes and consumes, as soon as the broker answers. */
function deliver(using: {
  database: Database;
  connecting: Promise<EventBroker>;
  lists: LiveLists;
  circles: Circles;
  log: Logger;
  stops: Stop[];
  onStart: (nudge: () => void) => void;
}): { broker: () => EventBroker | undefined; brokenBy: Promise<unknown> } {
  const { database, lists, circles, log, stops } = using;
  let broker: EventBroker | undefined;
  const run = async () => {
    const connected = await using.connecting;
    broker = connected;
    stops.push(() => connected.close());
    const delivery = await deliverEvents({
      ...{ pool: database.upkeep, broker: connected, source: CIRCLES_SOURCE, stream: CIRCLES_STREAM, log },
      beforePublishing: lists.beforePublishing,
      consumers: [...lists.consumers, forgetPeople(circles)],
    });
    using.onStart(delivery.nudge);
    stops.push(() => delivery.stop());
    await delivery.started;
  };
  return { broker: () => broker, brokenBy: new Promise((resolve) => run().catch(resolve)) };
}

async function serve(
  config: CirclesConfig,
  using: {
    database: Database;
    connecting: Promise<EventBroker>;
    parts: CirclesParts;
    broker: () => EventBroker | undefined;
    log: Logger;
    stops: Stop[];
  },
): Promise<string> {
  const { database, connecting, parts, log, stops } = using;
  const { USER_URL: userUrls, GATEWAY_KEY: gatewayKey } = config;
  const ended = followEndedTokens({ broker: connecting, endedSince: askForEndedTokens({ userUrls, gatewayKey }), log });
  stops.push(() => ended.stop());
  const limits = { membersPerCircle: config.MEMBERS_PER_CIRCLE, circlesPerPerson: config.CIRCLES_PER_PERSON };
  const http = await startHttpServer({
    ...{ host: config.HOST, port: config.PORT, noticeMs: config.STOP_NOTICE_MS, log },
    ready: async () => {
      const { readable, writable } = await postgresIn(database.upkeep);
      return { ready: readable, uses: { postgres: writable, nats: using.broker()?.connected === true } };
    },
    routes: {
      '/graphql': createSubgraphServer({
        schema: circlesSubgraph(limits),
        gatewayKey,
        verify: createTokenVerifier({ issuerUrls: userUrls }, ended),
        log,
        contextFor: (request) => circlesContext(request, parts),
      }),
    },
  });
  stops.push(() => http.stop());
  return http.url;
}
