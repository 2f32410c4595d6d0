import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { SubscriptionSettings } from '@kith/supergraph';
import { composeServices } from '@theguild/federation-composition';
import { GraphQLError, parse } from 'graphql';
import { createHandler } from 'graphql-sse/lib/use/http';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { FRIEND_SDL, LINK, USER_SDL } from './neighbours-schemas.ts';

/** Servers that others have made: of server-sent events, of the same in a second way, and of WebSocket. */
export const KINDS = ['graphql-sse', 'yoga', 'graphql-transport-ws'] as const;
export type TickerKind = (typeof KINDS)[number];

/** How a ticker's subgraph, and in it the fields and types that clients ask for, are called. */
export function namesOf(kind: TickerKind) {
  const name = { 'graphql-sse': 'sse', yoga: 'yoga', 'graphql-transport-ws': 'ws' }[kind];
  return {
    subgraph: `${name}-ticker`,
    ticked: `${name}Ticked`,
    tickedAlways: `${name}TickedAlways`,
    tick: `${name}Tick`,
  };
}

/** A tick is by somebody, whom other services know. */
function tickerSdl(kind: TickerKind): string {
  const { ticked, tickedAlways, tick } = namesOf(kind);
  return `
  type Query { ${ticked}Queries: Int }
  type Subscription { ${ticked}(room: ID!, every: Int = 1): ${tick} ${tickedAlways}(room: ID!): ${tick}! }
  type ${tick} { number: Int! room: ID! by: User! secret: String padding: String loud: Boolean }
`;
}
export const federatedTicker = (kind: TickerKind) =>
  `${LINK}\n${tickerSdl(kind)}\ntype User @key(fields: "id", resolvable: false) { id: ID! }`;

/** A supergraph with those subgraphs beside the neighbours'. */
export function composeWith(more: Readonly<Record<string, string>>): string {
  const { supergraphSdl, errors } = composeServices(
    Object.entries({ user: USER_SDL, friend: FRIEND_SDL, ...more }).map(([name, sdl]) => ({
      ...{ name, url: `http://${name}/graphql`, typeDefs: parse(sdl) },
    })),
  );
  if (!supergraphSdl) throw new Error(String(errors));
  return supergraphSdl;
}

interface Told {
  readonly headers: IncomingMessage['headers'];
  readonly connectionParams?: unknown;
}

/** Who listens in which room; and what each was asked with. */
class Rooms {
  readonly #queues = new Map<string, Set<(tick: object | undefined) => void>>();
  #numbers = 0;
  readonly told: Told[] = [];
  /** How many ticks were taken by whoever serves them. */
  taken = 0;

  listeners(room: string): number {
    return this.#queues.get(room)?.size ?? 0;
  }

  /** To everybody in the room now. */
  tick(room: string, { padding = '' } = {}): number {
    this.#numbers += 1;
    const by = { __typename: 'User', id: 'ada' };
    for (const hear of this.#queues.get(room) ?? []) hear({ number: this.#numbers, room, by, padding });
    return this.#numbers;
  }

  complete(room: string): void {
    for (const hear of this.#queues.get(room) ?? []) hear(undefined);
  }

  listen(room: string, told: Told): AsyncIterableIterator<object> {
    if (room === 'forbidden') {
      throw new GraphQLError('Not your room.', { extensions: { code: 'FORBIDDEN' } });
    }
    this.told.push(told);
    const waiting: (object | undefined)[] = [];
    let wake: () => void = () => undefined;
    const hear = (tick: object | undefined) => {
      waiting.push(tick);
      wake();
    };
    const listeners = this.#queues.get(room) ?? new Set();
    this.#queues.set(room, listeners.add(hear));
    let left = false;
    const leave = () => {
      left = true;
      listeners.delete(hear);
      wake();
    };
    const rooms = this;
    return {
      async next() {
        while (waiting.length === 0 && !left) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const tick = left ? undefined : waiting.shift();
        if (!tick) {
          leave();
          return { done: true, value: undefined };
        }
        rooms.taken += 1;
        return { done: false, value: tick };
      },
      async return() {
        leave();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }
}

function schemaOf(kind: TickerKind, rooms: Rooms) {
  const { ticked, tickedAlways, tick } = namesOf(kind);
  const subscribe = (_root: unknown, { room }: { room: string }, context: Told) => rooms.listen(room, context);
  const resolve = (tick: object) => tick;
  return createSchema<object>({
    typeDefs: `${tickerSdl(kind)}\ntype User { id: ID! }`,
    resolvers: {
      Subscription: { [ticked]: { subscribe, resolve }, [tickedAlways]: { subscribe, resolve } } as never,
      [tick]: {
        secret: () => {
          throw new GraphQLError('That is no business of yours.', { extensions: { code: 'FORBIDDEN' } });
        },
      },
    },
  });
}

function serve(kind: TickerKind, rooms: Rooms): { server: Server; close(): Promise<void> } {
  const schema = schemaOf(kind, rooms);
  if (kind === 'yoga') {
    const yoga = createYoga<{ req: IncomingMessage }>({
      ...{ schema: schema as never, logging: false, maskedErrors: false, graphiql: false },
      context: ({ req }) => ({ headers: req.headers }),
    });
    return { server: createServer(yoga as never), close: async () => undefined };
  }
  if (kind === 'graphql-sse') {
    const context = ({ raw }: { raw: IncomingMessage }) => ({ headers: raw.headers }) as never;
    return { server: createServer(createHandler({ schema, context })), close: async () => undefined };
  }
  const server = createServer((_request, response) => void response.writeHead(404).end());
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  const disposable = useServer(
    {
      schema,
      context: ({ extra, connectionParams }) => ({ headers: extra.request.headers, connectionParams }),
    },
    sockets,
  );
  return { server, close: async () => void (await disposable.dispose()) };
}

/** A service whose subscriptions are no live lists; it can be killed, and comes back at the same address. */
export async function startTicker(kind: TickerKind) {
  const rooms = new Rooms();
  let running: { server: Server; close(): Promise<void>; sockets: Set<Socket> };
  async function start(port = 0): Promise<number> {
    const { server, close } = serve(kind, rooms);
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    running = { server, close, sockets };
    return (server.address() as AddressInfo).port;
  }
  const port = await start();
  async function kill(): Promise<void> {
    const { server, sockets } = running;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  const subscriptions: Omit<SubscriptionSettings, 'atMost'> = {
    protocol: kind === 'yoga' ? 'graphql-sse' : kind,
  };
  return {
    rooms,
    url: `http://127.0.0.1:${port}`,
    subscriptions,
    /** Connections that are open. */
    open: () => running.sockets.size,
    /** All of its connections are cut, and it can be connected to no more. */
    kill,
    restart: () => start(port),
    async stop() {
      if (running.server.listening) await kill();
      await running.close();
    },
  };
}
export type Ticker = Awaited<ReturnType<typeof startTicker>>;
