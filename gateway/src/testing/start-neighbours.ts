import { randomUUID } from 'node:crypto';
import {
  FRIEND_LIST,
  liveFriendList,
  TOKENS_ENDED_PATH,
  type TokensEnded,
  writeAnnouncement,
} from '@kith/event-contracts';
import { connectBroker, type EventBroker } from '@kith/event-delivery';
import { type NatsServer, startNats } from '@kith/local-servers';
import {
  createLog,
  createSubgraphServer,
  createTokenVerifier,
  type HttpHandler,
  type HttpServer,
  type SubgraphContext,
  sendJson,
  startHttpServer,
} from '@kith/service-kit';
import { usersOfNats } from '@kith/services';
import type { createSchema } from 'graphql-yoga';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { FriendLists } from './friend-lists-in-memory.ts';
import { composeNeighbours, friendSchema, userSchema } from './neighbours-schemas.ts';

/**
 * What the gateway has around it, small: a user and a friend subgraph over lists in memory, their supergraph, a real
 * NATS. The gateway's own code is never replaced; the whole system is tested in e2e.
 */
export async function startNeighbours() {
  const log = createLog({ name: 'neighbours', level: 'silent' });
  const gatewayKey = randomUUID();
  const { jwks, tokenOf } = await createTokens();
  const verify = createTokenVerifier({ jwks });
  const nats: NatsServer = await startNats({ users: usersOfNats });
  const broker: EventBroker = await connectBroker({ eventBus: 'jetstream', natsUrl: nats.url, name: 'friend', log });
  const lists = new FriendLists();
  const endedTokens: TokensEnded[] = [];

  const graphql = (schema: ReturnType<typeof createSchema<SubgraphContext>>) =>
    createSubgraphServer({ schema, gatewayKey, verify, log, contextFor: (request) => request });
  const routes: Record<'user' | 'friend', Record<string, HttpHandler>> = {
    user: {
      '/graphql': graphql(userSchema(tokenOf)),
      'GET /.well-known/jwks.json': (_request, response) => sendJson(response, 200, jwks),
      [`GET ${TOKENS_ENDED_PATH}`]: (_request, response) =>
        sendJson(response, 200, { now: Date.now(), ended: endedTokens }),
    },
    friend: { '/graphql': graphql(friendSchema(lists)) },
  };
  const ready = () => ({ ready: true, uses: {} });
  const serve = (name: 'user' | 'friend', port = 0): Promise<HttpServer> =>
    startHttpServer({ host: '127.0.0.1', port, log, ready, routes: routes[name] });

  const announcementOf = (owner: string, change: ReturnType<FriendLists['commit']>) =>
    writeAnnouncement({ kind: FRIEND_LIST, owner, timeline: lists.timeline }, change);
  const user = await serve('user');
  let friend = await serve('friend');
  return {
    supergraphSdl: composeNeighbours(),
    gatewayKey,
    nats,
    broker,
    lists,
    /** What the user service answers when it is asked which tokens have ended. */
    endedTokens,
    userUrl: user.url,
    friendUrl: friend.url,
    /** The friend service goes away, and comes back at the same address. */
    stopFriend: () => friend.stop(),
    async startFriend() {
      friend = await serve('friend', Number(new URL(friend.url).port));
    },
    announcementOf,
    /** A change is committed and announced, as the friend service would. */
    commit(ownerId: string, remark: string, { announced = true } = {}) {
      const change = lists.commit(ownerId, remark);
      if (announced) broker.announce(liveFriendList(ownerId), announcementOf(ownerId, change));
      return change;
    },
    tokenOf,
    async stop() {
      await friend.stop();
      await user.stop();
      await broker.close();
      await nats.stop();
    },
  };
}

/** Tokens as the user service signs them, and the keys that it shows. */
async function createTokens() {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'EdDSA', kid: 'test', use: 'sig' }] };
  function tokenOf(userId: string, { expiresInS = 900, sessionId = 'session-1', audience = 'kith' } = {}) {
    return new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: 'EdDSA', kid: 'test' })
      .setIssuer('kith')
      .setAudience(audience)
      .setSubject(userId)
      .setIssuedAt()
      .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS)
      .sign(privateKey);
  }
  return { jwks, tokenOf };
}
