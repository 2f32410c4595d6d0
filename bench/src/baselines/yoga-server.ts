import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { liveFriendList } from '@kith/event-contracts';
import { natsOptions } from '@kith/event-delivery';
import type { ExecutionArgs } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { connect, type NatsConnection } from 'nats';
import { WebSocketServer } from 'ws';
import { collectGarbageHere } from '../processes/collect-garbage.ts';
import { answerQuestions } from '../processes/helper-process.ts';
import { firstAnswer } from './first-answer.ts';

const typeDefs = /* GraphQL */ `
  type Query { ok: Boolean }
  type Subscription { friendListChanged: FriendListChange! }
  interface FriendListChange { cursor: String! revision: Int! occurredAt: String! }
  type FriendListSnapshot implements FriendListChange { cursor: String! revision: Int! occurredAt: String! }
  type FriendChanged implements FriendListChange { cursor: String! revision: Int! occurredAt: String! friend: Friend! }
  type Friend { user: User! remark: String displayName: String! pinned: Boolean! tags: [String!]! since: String! }
  type User { id: ID! nickname: String! avatarUrl: String }
`;

/** The same subscription as a plain graphql-yoga serves it with graphql-ws, wired as their documentation says. */
answerQuestions({
  collectGarbage: collectGarbageHere,
  async serve({ natsUrl }: { natsUrl: string }) {
    const nc = await connect(natsOptions(natsUrl));
    const yoga = createYoga({ schema: schemaOver(nc), logging: false, graphiql: false });
    const http = createServer(yoga);
    const sockets = new WebSocketServer({ server: http, path: '/graphql', perMessageDeflate: false });
    // https://the-guild.dev/graphql/yoga-server/docs/features/subscriptions#graphql-over-websocket-protocol-via-graphql-ws
    useServer(
      {
        execute: (args) => (args.rootValue as Enveloped).execute(args),
        subscribe: (args) => (args.rootValue as Enveloped).subscribe(args),
        async onSubscribe(ctx, _id, params) {
          const { schema, execute, subscribe, contextFactory, parse, validate } = yoga.getEnveloped({
            ownerId: String(ctx.connectionParams?.authorization).split(' ')[1],
          });
          const document = parse(params.query);
          const errors = validate(schema, document);
          if (errors.length > 0) return errors;
          return { schema, document, contextValue: await contextFactory(), rootValue: { execute, subscribe } };
        },
      },
      sockets,
    );
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return `ws://127.0.0.1:${(http.address() as AddressInfo).port}/graphql`;
  },
});

interface Enveloped {
  execute(args: ExecutionArgs): ReturnType<typeof import('graphql').execute>;
  subscribe(args: ExecutionArgs): ReturnType<typeof import('graphql').subscribe>;
}

function schemaOver(nc: NatsConnection) {
  return createSchema<{ ownerId: string }>({
    typeDefs,
    resolvers: {
      Subscription: {
        friendListChanged: {
          async *subscribe(_root: unknown, _args: unknown, { ownerId }: { ownerId: string }) {
            const heard = nc.subscribe(liveFriendList(ownerId));
            // From the first answer on nothing may be missed.
            await nc.flush();
            yield { friendListChanged: firstAnswer };
            for await (const message of heard) yield { friendListChanged: message.json() };
          },
        },
      },
    },
  });
}
