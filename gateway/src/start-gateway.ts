import { connectBroker, type EventBroker } from '@kith/event-delivery';
import {
  askForEndedTokens,
  brokerIn,
  createTokenVerifier,
  followEndedTokens,
  type HttpHandler,
  type Logger,
  type Stop,
  startHttpServer,
  stopInReverse,
  type TokenVerifier,
} from '@kith/service-kit';
import type { GraphQLError } from 'graphql';
import { type Edge, guardEdge } from './admission/guard-edge.ts';
import { type GatewayConfig, showsGraphiql } from './gateway-config.ts';
import { followSubscriptions } from './live/follow-subscriptions.ts';
import { liveLists, type OpenLiveList } from './live/open-live-list.ts';
import { type SessionEnds, watchSessionEnds } from './live/session-ends.ts';
import { createFriendListSource } from './live/sources/friend-list-source.ts';
import { watchLists } from './live/sources/watched-lists.ts';
import { serveGraphiql } from './pages/graphiql.ts';
import { serveDemonstration, serveWebClient } from './pages/serve-web-client.ts';
import { answerByPlan } from './plan/answer-by-plan.ts';
import { planOperations } from './plan/plan-operations.ts';
import { trySupergraph } from './plan/try-supergraph.ts';
import type { Planner } from './planner/plan-in-processes-apart.ts';
import { connectSubgraph, type Subgraph } from './subgraphs/call-subgraph.ts';
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
  { plannerProgram }: GatewayOptions,
): Promise<Omit<RunningGateway, 'stop'>> {
  const edge = await guardGateway(config, log);
  stops.push(edge.stop);
  const subgraphs = connectSubgraphs(config, log);
  stops.push(subgraphs.user.stop, subgraphs.friend.stop);
  const broker = await connectBroker({ ...brokerIn(config), name: 'gateway', log });
  stops.push(() => broker.close());

  const source = createFriendListSource(subgraphs.friend, () => supergraph.current.changeSelection);
  const watchedLists = watchLists({ broker, revisionsOf: source.revisionsOf, log });
  stops.push(watchedLists.stop);
  const sessions = followSessions(config, broker, log, stops);
  const openLiveList = liveLists({ watchedLists, source, sessionEnds: sessions.sessionEnds });

  const answering = { subgraphs, edge, verify: sessions.verify, openLiveList, plannerProgram, log };
  const supergraph = await followSupergraph({
    file: config.SUPERGRAPH_FILE,
    log,
    // What runs keeps the one it began with: a subscription its selection, and so its position.
    build: (supergraphSdl) => answerBySupergraph(supergraphSdl, answering),
    release: ({ planner }) => planner.stop(),
  });
  stops.push(supergraph.stop);
  const yoga = () => supergraph.current.yoga;
  const url = await listen(config, { yoga, subgraphs, broker, edge, sessions, log }, stops);
  return { url, reloadSupergraph: supergraph.reload };
}

function guardGateway(config: GatewayConfig, log: Logger): Promise<Edge> {
  const isPublic = config.NODE_ENV === 'production';
  return guardEdge(config, {
    webFolder: config.WEB_FOLDER,
    // GraphiQL is of no use without the schema: who shows the one shows the other.
    introspection: !isPublic || showsGraphiql(config),
    suggestions: !isPublic,
    loopbackPages: !isPublic,
    log,
  });
}

type Subgraphs = Readonly<Record<'user' | 'friend', Subgraph>>;

function connectSubgraphs(config: GatewayConfig, log: Logger): Subgraphs {
  const calls = { gatewayKey: config.GATEWAY_KEY, log, answerWithinMs: config.SUBGRAPH_TIMEOUT_MS };
  return {
    user: connectSubgraph({ name: 'user', urls: config.USER_URL, ...calls }),
    friend: connectSubgraph({ name: 'friend', urls: config.FRIEND_URL, ...calls }),
  };
}

/** Whose token is good, and what is to be closed when one is so no longer. */
interface Sessions {
  readonly verify: TokenVerifier;
  readonly sessionEnds: SessionEnds;
}

function followSessions(config: GatewayConfig, broker: EventBroker, log: Logger, stops: Stop[]): Sessions {
  const { USER_URL: userUrls, GATEWAY_KEY: gatewayKey } = config;
  const ended = followEndedTokens({ broker, endedSince: askForEndedTokens({ userUrls, gatewayKey }), log });
  stops.push(ended.stop);
  const sessionEnds = watchSessionEnds({ broker, ended, log });
  stops.push(sessionEnds.stop);
  return { verify: createTokenVerifier({ issuerUrls: userUrls }, ended), sessionEnds };
}

/** What answers operations over one supergraph. */
interface Answering {
  readonly yoga: GatewayYoga;
  readonly planner: Planner;
  readonly changeSelection: string;
}

/** Rejects, and leaves nothing behind, when some operation over it could not be answered. */
async function answerBySupergraph(
  supergraphSdl: string,
  using: {
    subgraphs: Subgraphs;
    edge: Edge;
    verify: TokenVerifier;
    openLiveList: OpenLiveList;
    plannerProgram: string | undefined;
    log: Logger;
  },
): Promise<Answering> {
  const { subgraphs, edge, verify, openLiveList, plannerProgram, log } = using;
  const known = { subgraphs: Object.keys(subgraphs), subscriptions: ANNOUNCED };
  const supergraph = await readSupergraph(supergraphSdl, known, { log, program: plannerProgram });
  const { schema, planner, changeSelection } = supergraph;
  try {
    await trySupergraph(supergraph, subgraphs, { trusted: edge.trustedDocuments.texts, log });
    const plan = planOperations(supergraph, subgraphs);
    const mask = (error: GraphQLError) => maskError(error, log);
    const plugins = [
      answerByPlan(supergraph, plan),
      followSubscriptions(supergraph, plan, { openLiveList, mask }),
      ...edge.plugins,
    ];
    return { yoga: createGatewayYoga({ schema, verify, log, plugins }), planner, changeSelection };
  } catch (error) {
    await planner.stop();
    throw error;
  }
}

/** Over HTTP, with its streams, and over WebSocket; answers where. */
async function listen(
  config: GatewayConfig,
  using: {
    yoga: () => GatewayYoga;
    subgraphs: Subgraphs;
    broker: EventBroker;
    edge: Edge;
    sessions: Sessions;
    log: Logger;
  },
  stops: Stop[],
): Promise<string> {
  const { yoga, subgraphs, broker, edge, sessions, log } = using;
  const openStreams = trackOpenStreams();
  const graphiql = showsGraphiql(config) ? serveGraphiql() : undefined;
  const http = await startHttpServer({
    host: config.HOST,
    port: config.PORT,
    metricsPort: config.METRICS_PORT,
    noticeMs: config.STOP_NOTICE_MS,
    log,
    ready: () => readinessOf(subgraphs, broker),
    ...routesOf(config, serveGraphql({ yoga, openStreams, graphiql, edge }), graphiql !== undefined),
  });
  stops.push(http.stop);
  log.info(settingsOf(config), 'serves');
  const headersInOperations = graphiql !== undefined;
  const sockets = serveWebSocket({ server: http.server, yoga, ...sessions, log, edge, headersInOperations });
  stops.push(async () => {
    http.announceStop();
    await Promise.all([sockets.stop(config.DRAIN_MS), openStreams.stop(config.DRAIN_MS)]);
  });
  return http.url;
}

/** What an operator wants to know first of a gateway that misbehaves; nothing of it is secret. */
function settingsOf(config: GatewayConfig) {
  const hosts = (urls: readonly string[]) => urls.map((url) => new URL(url).host);
  return {
    environment: config.NODE_ENV,
    user: hosts(config.USER_URL),
    friend: hosts(config.FRIEND_URL),
    supergraph: config.SUPERGRAPH_FILE,
    webClient: config.WEB_FOLDER ?? 'none',
    graphiql: showsGraphiql(config),
    otherSites: config.ALLOWED_ORIGINS || (config.NODE_ENV === 'production' ? 'none' : 'loopback'),
  };
}

async function readinessOf({ user, friend }: Subgraphs, broker: EventBroker) {
  const [userReady, friendReady] = await Promise.all([user.ready(), friend.ready()]);
  // What one of them answers is answered without the other.
  return { ready: userReady || friendReady, uses: { nats: broker.connected, user: userReady, friend: friendReady } };
}

/** Where the web client is served it has `/` and what is no other's; without it `/` leads to GraphiQL. */
function routesOf(config: GatewayConfig, graphql: HttpHandler, graphiqlIsShown: boolean) {
  const webClient = config.WEB_FOLDER === undefined ? undefined : serveWebClient(config.WEB_FOLDER);
  if (webClient) {
    const demonstration = serveDemonstration(config.DEMONSTRATION_FILE);
    return { routes: { '/graphql': graphql, 'GET /demonstration.json': demonstration }, otherwise: webClient };
  }
  const toGraphiql: HttpHandler = (_request, response) => void response.writeHead(302, { location: '/graphql' }).end();
  return { routes: { '/graphql': graphql, ...(graphiqlIsShown && { 'GET /': toGraphiql }) } };
}
