import { readFileSync } from 'node:fs';
import { connectBroker, type EventBroker } from '@kith/event-delivery';
import {
  askForEndedTokens,
  brokerIn,
  ConfigError,
  createTokenVerifier,
  followEndedTokens,
  type HttpHandler,
  type Logger,
  type Stop,
  startHttpServer,
  stopInReverse,
  type TokenVerifier,
} from '@kith/service-kit';
import { issuerUrlsOf } from '@kith/supergraph';
import { type Edge, guardEdge } from './admission/guard-edge.ts';
import { type Answering, answerBySupergraph } from './answer-by-supergraph.ts';
import { type GatewayConfig, showsGraphiql, subgraphsSettings } from './gateway-config.ts';
import { endWhatTheSchemaLacks } from './in-progress/end-what-the-schema-lacks.ts';
import { liveLists } from './live/open-live-list.ts';
import { type SessionEnds, watchSessionEnds } from './live/session-ends.ts';
import { kindsOfLists } from './live/sources/kinds-of-lists.ts';
import { serveGraphiql } from './pages/graphiql.ts';
import { serveDemonstration, serveWebClient } from './pages/serve-web-client.ts';
import { passSubscriptionsThrough } from './pass-through/pass-subscriptions-through.ts';
import { goneSubgraph } from './subgraphs/call-subgraph.ts';
import { followSupergraph } from './subgraphs/follow-supergraph.ts';
import { type ConnectedSubgraphs, shareConnections } from './subgraphs/share-connections.ts';
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
  const broker = await connectBroker({ ...brokerIn(config), name: 'gateway', log });
  stops.push(() => broker.close());

  const kinds = kindsOfLists({
    broker,
    declared: (kind) => supergraph.current.kinds.get(kind),
    subgraphOf: (name) => supergraph.current.subgraphs[name.toLowerCase()] ?? goneSubgraph(name),
    log,
  });
  stops.push(kinds.stop);
  const sessions = followSessions(config, broker, log, stops);
  const inProgress = endWhatTheSchemaLacks(log);
  const { sessionEnds } = sessions;
  const openLiveList = liveLists({ kindOf: kinds.kindOf, sessionEnds, inProgress });

  const plain = passSubscriptionsThrough({ sessionEnds, inProgress, log });
  stops.push(async () => plain.stop());

  const connect = shareConnections({
    gatewayKey: config.GATEWAY_KEY,
    answerWithinMs: config.SUBGRAPH_TIMEOUT_MS,
    log,
  });
  const { verify } = sessions;
  const passThrough = plain.follow;
  const answering = { config, connect, edge, verify, openLiveList, passThrough, plannerProgram, log };
  const supergraph = await followSupergraph({
    file: config.SUPERGRAPH_FILE,
    subgraphsFile: config.SUBGRAPHS_FILE,
    log,
    // What runs keeps the one it began with: a subscription its selection, and so its position, if there still is all of it.
    build: (files, before?: Answering) => answerBySupergraph(files, before, answering),
    taken({ plainSubscriptions, kinds: declared, schema }) {
      plain.serve(plainSubscriptions);
      void inProgress.serve(schema);
      // Where lists of a kind stand is known before somebody watches one.
      for (const list of declared.values()) kinds.kindOf(list);
    },
    release: async ({ planner, release }) => {
      await Promise.all([planner.stop(), release()]);
    },
  });
  stops.push(supergraph.stop);
  const url = await listen(config, { answering: () => supergraph.current, broker, edge, sessions, log }, stops);
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

/** Whose token is good, and what is to be closed when one is so no longer. */
interface Sessions {
  readonly verify: TokenVerifier;
  readonly sessionEnds: SessionEnds;
}

/** Throws an Error that names the variable. */
function readIfAny(file: string | undefined): string | undefined {
  try {
    return file === undefined ? undefined : readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError('SUBGRAPHS_FILE', `the file cannot be read (${(error as Error).message})`);
  }
}

/** Who signs tokens is known for good: another one needs another start. */
function followSessions(config: GatewayConfig, broker: EventBroker, log: Logger, stops: Stop[]): Sessions {
  const { GATEWAY_KEY: gatewayKey } = config;
  const userUrls = issuerUrlsOf(subgraphsSettings(config, readIfAny(config.SUBGRAPHS_FILE)));
  const ended = followEndedTokens({ broker, endedSince: askForEndedTokens({ userUrls, gatewayKey }), log });
  stops.push(ended.stop);
  const sessionEnds = watchSessionEnds({ broker, ended, log });
  stops.push(sessionEnds.stop);
  return { verify: createTokenVerifier({ issuerUrls: userUrls }, ended), sessionEnds };
}

/** Over HTTP, with its streams, and over WebSocket; answers where. */
async function listen(
  config: GatewayConfig,
  using: {
    /** By what operations are answered that come now. */
    answering: () => Answering;
    broker: EventBroker;
    edge: Edge;
    sessions: Sessions;
    log: Logger;
  },
  stops: Stop[],
): Promise<string> {
  const { answering, broker, edge, sessions, log } = using;
  const yoga = () => answering().yoga;
  const openStreams = trackOpenStreams();
  const graphiql = showsGraphiql(config) ? serveGraphiql() : undefined;
  const http = await startHttpServer({
    host: config.HOST,
    port: config.PORT,
    metricsPort: config.METRICS_PORT,
    noticeMs: config.STOP_NOTICE_MS,
    log,
    ready: () => readinessOf(answering().subgraphs, broker),
    ...routesOf(config, serveGraphql({ yoga, openStreams, graphiql, edge }), graphiql !== undefined),
  });
  stops.push(http.stop);
  log.info(settingsOf(config, answering()), 'serves');
  const headersInOperations = graphiql !== undefined;
  const forwardHeaders = () => answering().forwardHeaders;
  const { server } = http;
  const sockets = serveWebSocket({ server, yoga, ...sessions, log, edge, forwardHeaders, headersInOperations });
  stops.push(async () => {
    http.announceStop();
    await Promise.all([sockets.stop(config.DRAIN_MS), openStreams.stop(config.DRAIN_MS)]);
  });
  return http.url;
}

/** What an operator wants to know first of a gateway that misbehaves; nothing of it is secret. */
function settingsOf(config: GatewayConfig, { subgraphs }: Pick<Answering, 'subgraphs'>) {
  return {
    environment: config.NODE_ENV,
    subgraphs: Object.keys(subgraphs),
    subgraphsFile: config.SUBGRAPHS_FILE ?? 'none',
    supergraph: config.SUPERGRAPH_FILE,
    webClient: config.WEB_FOLDER ?? 'none',
    graphiql: showsGraphiql(config),
    otherSites: config.ALLOWED_ORIGINS || (config.NODE_ENV === 'production' ? 'none' : 'loopback'),
  };
}

async function readinessOf(subgraphs: ConnectedSubgraphs['subgraphs'], broker: EventBroker) {
  const asked = Object.entries(subgraphs).map(async ([name, subgraph]) => [name, await subgraph.ready()] as const);
  const uses: Record<string, boolean> = Object.fromEntries(await Promise.all(asked));
  // What one of them answers is answered without the others. What all of them miss, all gateways meet at one moment: who
  // can tell clients so stays in rotation.
  const heard = Object.values(subgraphs).some((subgraph) => subgraph.heard);
  return { ready: heard || Object.values(uses).includes(true), uses: { nats: broker.connected, ...uses } };
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
