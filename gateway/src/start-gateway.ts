import { connectBroker } from '@kith/event-delivery';
import {
  askForEndedTokens,
  createTokenVerifier,
  followEndedTokens,
  type Logger,
  type Stop,
  startHttpServer,
  stopInReverse,
} from '@kith/service-kit';
import type { GraphQLError } from 'graphql';
import { guardEdge } from './admission/guard-edge.ts';
import { type GatewayConfig, showsGraphiql } from './gateway-config.ts';
import { followSubscriptions } from './live/follow-subscriptions.ts';
import { liveLists } from './live/open-live-list.ts';
import { watchSessionEnds } from './live/session-ends.ts';
import { createFriendListSource } from './live/sources/friend-list-source.ts';
import { watchLists } from './live/sources/watched-lists.ts';
import { serveGraphiql } from './pages/graphiql.ts';
import { serveDemonstration, serveWebClient } from './pages/serve-web-client.ts';
import { answerByPlan } from './plan/answer-by-plan.ts';
import { planOperations } from './plan/plan-operations.ts';
import { trySupergraph } from './plan/try-supergraph.ts';
import type { Planner } from './planner/plan-in-processes-apart.ts';
import { connectSubgraph } from './subgraphs/call-subgraph.ts';
import { followSupergraph } from './subgraphs/follow-supergraph.ts';
import { readSupergraph } from './subgraphs/read-supergraph.ts';
import { createGatewayYoga, type GatewayYoga, maskError } from './transports/gateway-yoga.ts';
import { trackOpenStreams } from './transports/http/open-streams.ts';
import { serveGraphql } from './transports/http/serve-http.ts';
import { serveWebSocket } from './transports/websocket/serve-websocket.ts';

export interface RunningGateway {
  readonly url: string;
  /** Looks at once whether another supergraph stands in its file; it is looked at every few seconds anyway. */
  reloadSupergraph(): Promise<void>;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  /** A module that its processes run in place of the planner's. */
  readonly plannerProgram?: string;
}

/** The subscriptions that there are announcements for. */
const ANNOUNCED = ['friendListChanged'];

/** Starts the whole gateway in this process; `stop` drains it and resolves when nothing of it is left. */
export async function startGateway(
  config: GatewayConfig,
  log: Logger,
  options: GatewayOptions = {},
): Promise<RunningGateway> {
  const stops: Stop[] = [];
  try {
    const running = await start(config, log, stops, options);
    return { ...running, stop: () => stopInReverse(log, stops) };
  } catch (error) {
    await stopInReverse(log, stops);
    throw error;
  }
}

async function start(
  config: GatewayConfig,
  log: Logger,
  stops: Stop[],
  options: GatewayOptions,
): Promise<Omit<RunningGateway, 'stop'>> {
  const gatewayKey = config.GATEWAY_KEY;
  const isPublic = config.NODE_ENV === 'production';
  const edge = await guardEdge(config, {
    webFolder: config.WEB_FOLDER,
    // GraphiQL is of no use without the schema: who shows the one shows the other.
    introspection: !isPublic || showsGraphiql(config),
    suggestions: !isPublic,
  });
  stops.push(edge.stop);
  const calls = { gatewayKey, log, answerWithinMs: config.SUBGRAPH_TIMEOUT_MS };
  const user = connectSubgraph({ name: 'user', url: config.USER_URL, ...calls });
  const friend = connectSubgraph({ name: 'friend', url: config.FRIEND_URL, ...calls });
  stops.push(user.stop, friend.stop);

  const broker = await connectBroker({ eventBus: config.EVENT_BUS, natsUrl: config.NATS_URL, name: 'gateway', log });
  stops.push(() => broker.close());

  let changeSelection = '';
  const source = createFriendListSource(friend, () => changeSelection);
  const watchedLists = watchLists({ broker, revisionsOf: source.revisionsOf, log });
  stops.push(watchedLists.stop);
  const ended = followEndedTokens({
    broker,
    endedSince: askForEndedTokens({ userUrl: config.USER_URL, gatewayKey }),
    log,
  });
  stops.push(ended.stop);
  const verify = createTokenVerifier({ jwksUrl: `${config.USER_URL}/.well-known/jwks.json` }, ended);
  const sessionEnds = watchSessionEnds({ broker, ended, log });
  stops.push(sessionEnds.stop);

  const openLiveList = liveLists({ watchedLists, source, sessionEnds });
  const supergraph = await followSupergraph({
    file: config.SUPERGRAPH_FILE,
    log,
    // What runs keeps the one it began with: a subscription its selection, and so its position.
    async build(supergraphSdl): Promise<{ yoga: GatewayYoga; planner: Planner }> {
      const subgraphs = { user, friend };
      const known = { subgraphs: Object.keys(subgraphs), subscriptions: ANNOUNCED };
      const supergraph = await readSupergraph(supergraphSdl, known, { log, program: options.plannerProgram });
      const { schema, planner } = supergraph;
      try {
        const mask = (error: GraphQLError) => maskError(error, log);
        await trySupergraph(supergraph, subgraphs, { trusted: edge.trustedDocuments.texts, log });
        changeSelection = supergraph.changeSelection;
        const plan = planOperations(supergraph, subgraphs);
        const followed = followSubscriptions(supergraph, plan, { openLiveList, mask });
        const plugins = [answerByPlan(supergraph, plan), followed, ...edge.plugins];
        return { yoga: createGatewayYoga({ schema, verify, log, plugins }), planner };
      } catch (error) {
        await planner.stop();
        throw error;
      }
    },
    release: ({ planner }) => planner.stop(),
  });
  stops.push(supergraph.stop);
  const yoga = () => supergraph.current.yoga;
  const openStreams = trackOpenStreams();
  const graphiql = showsGraphiql(config) ? serveGraphiql() : undefined;
  const webClient = config.WEB_FOLDER === undefined ? undefined : serveWebClient(config.WEB_FOLDER);

  const http = await startHttpServer({
    host: config.HOST,
    port: config.PORT,
    log,
    ready: async () => {
      const [userReady, friendReady] = await Promise.all([user.ready(), friend.ready()]);
      // What one of them answers is answered without the other.
      return {
        ready: userReady || friendReady,
        uses: { nats: broker.connected, user: userReady, friend: friendReady },
      };
    },
    routes: {
      '/graphql': serveGraphql({ yoga, openStreams, graphiql, edge }),
      ...(webClient && { 'GET /demonstration.json': serveDemonstration(config.DEMONSTRATION_FILE) }),
      ...(graphiql &&
        !webClient && {
          'GET /': (_request, response) => void response.writeHead(302, { location: '/graphql' }).end(),
        }),
    },
    ...(webClient && { otherwise: webClient }),
  });
  stops.push(http.stop);

  const sockets = serveWebSocket({
    server: http.server,
    yoga,
    verify,
    sessionEnds,
    log,
    edge,
    headersInOperations: graphiql !== undefined,
  });
  stops.push(async () => {
    http.announceStop();
    await Promise.all([sockets.stop(config.DRAIN_MS), openStreams.stop(config.DRAIN_MS)]);
  });
  return { url: http.url, reloadSupergraph: supergraph.reload };
}
