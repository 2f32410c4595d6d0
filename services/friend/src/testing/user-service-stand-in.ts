import { createHash } from 'node:crypto';
import {
  TOKENS_ENDED_PATH,
  USER_SOURCE,
  USER_STREAM,
  userDeleted,
  userProfileChanged,
  userRegistered,
} from '@kith/event-contracts';
import { type DataOf, draftEvent, type EventBroker, type OutboxEvent, writeEnvelope } from '@kith/event-delivery';
import {
  createLog,
  GATEWAY_KEY_HEADER,
  type HttpServer,
  readJsonBody,
  sendJson,
  startHttpServer,
} from '@kith/service-kit';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { v7 as newId } from 'uuid';
import type { UsersProfile } from '../profiles/user-service.ts';

export interface UserServiceStandIn {
  readonly http: HttpServer;
  /** How often profiles were asked for. */
  readonly asked: () => number;
  /** An account; `heardOf: false` leaves its event for later, as if it had been made a moment ago. */
  signUp(profile?: Partial<UsersProfile>, options?: { heardOf?: boolean }): Promise<string>;
  changeProfile(userId: string, change: Partial<UsersProfile>): Promise<void>;
  deleteAccount(userId: string): Promise<void>;
  /** As after its database was put back: nobody is told. Without a profile there was no such account yet. */
  putBack(userId: string, profile?: Partial<UsersProfile>): void;
  /** From now on it is of a version that has no `profileDigest`. */
  becomeOlder(): void;
  tokenOf(userId: string, claims?: TokenClaims): Promise<string>;
}

interface TokenClaims {
  readonly expiresInS?: number;
  readonly audience?: string;
  readonly issuer?: string;
  readonly sessionId?: string | null;
  /** Signed with a key that the service does not know. */
  readonly forged?: boolean;
}

/** The friend service's neighbour, as small as it can be: profiles, keys and events; tokens are real. */
export async function startUserServiceStandIn(gatewayKey: string, broker: EventBroker): Promise<UserServiceStandIn> {
  const [ours, foreign] = await Promise.all([1, 2].map(() => generateKeyPair('EdDSA', { crv: 'Ed25519' })));
  const jwks = { keys: [{ ...(await exportJWK(ours!.publicKey)), alg: 'EdDSA', kid: 'test', use: 'sig' }] };
  const profiles = new Map<string, UsersProfile>();
  let asked = 0;
  let knowsDigests = true;
  await broker.declareStream(USER_STREAM);

  const publish = (event: OutboxEvent) => publishTo(broker, event);
  const http = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    log: createLog({ name: 'user-stand-in', level: 'silent' }),
    ready: () => ({ ready: true, uses: {} }),
    routes: {
      'GET /.well-known/jwks.json': (_request, response) => sendJson(response, 200, jwks),
      [`GET ${TOKENS_ENDED_PATH}`]: (_request, response) => sendJson(response, 200, { now: Date.now(), ended: [] }),
      'POST /graphql': async (request, response) => {
        if (request.headers[GATEWAY_KEY_HEADER] !== gatewayKey)
          return sendJson(response, 401, { errors: [{ message: 'No.' }] });
        asked += 1;
        const { variables, query } = (await readJsonBody(request)) as { query: string; variables: Variables };
        if (!knowsDigests && query.includes('profileDigest'))
          return sendJson(response, 400, { errors: [{ message: 'Cannot query field "profileDigest".' }] });
        sendJson(response, 200, { data: answerTo(query, variables, profiles) });
      },
    },
  });

  return {
    http,
    asked: () => asked,
    async signUp(given = {}, { heardOf = true } = {}) {
      const userId = newId();
      const nickname = given.nickname ?? `User ${profiles.size + 1}`;
      const names = { username: `user_${profiles.size + 1}`, nickname, avatarUrl: null };
      const profile = { userId, ...names, friendPolicy: 'OPEN' as const, version: 1, deleted: false, ...given };
      profiles.set(userId, profile);
      if (heardOf) await publish(draftEvent(userRegistered, { ...placeOf(profile), data: dataOf(profile) }));
      return userId;
    },
    async changeProfile(userId, change) {
      const before = profiles.get(userId)!;
      const after = { ...before, ...change, version: before.version + 1 };
      profiles.set(userId, after);
      const data = { before: dataOf(before), after: dataOf(after) };
      await publish(draftEvent(userProfileChanged, { ...placeOf(after), data }));
    },
    async deleteAccount(userId) {
      const before = profiles.get(userId)!;
      const after = {
        ...before,
        username: '',
        nickname: '',
        avatarUrl: null,
        version: before.version + 1,
        deleted: true,
      };
      profiles.set(userId, after);
      await publish(draftEvent(userDeleted, { ...placeOf(after), data: {} }));
    },
    putBack(userId, profile) {
      const now = profiles.get(userId)!;
      if (profile === undefined) profiles.delete(userId);
      else profiles.set(userId, { ...now, deleted: false, ...profile });
    },
    becomeOlder() {
      knowsDigests = false;
    },
    tokenOf: (userId, claims = {}) => signToken(userId, claims, (claims.forged ? foreign! : ours!).privateKey),
  };
}

interface Variables {
  readonly ids?: string[];
  readonly after?: string;
  readonly first: number;
}

function answerTo(query: string, { ids, after, first }: Variables, profiles: ReadonlyMap<string, UsersProfile>) {
  const all = [...profiles.values()].sort((a, b) => (a.userId < b.userId ? -1 : 1));
  if (ids) return { profiles: all.filter(({ userId }) => ids.includes(userId)) };
  const found = all.filter(({ userId }) => userId > (after ?? '')).slice(0, first);
  return query.includes('profileDigest') ? { digest: digestOf(found, first) } : { profiles: found };
}

function digestOf(found: readonly UsersProfile[], first: number) {
  const lines = found
    .filter(({ deleted }) => !deleted)
    .map(({ userId, username, nickname, avatarUrl, friendPolicy, version }) =>
      JSON.stringify({ userId, username, nickname, avatarUrl, friendPolicy, version }),
    );
  const digest = lines.length === 0 ? '' : createHash('sha256').update(lines.join('\n')).digest('hex');
  return { last: found.length < first ? null : found.at(-1)?.userId, profiles: found.length, digest };
}

async function publishTo(broker: EventBroker, event: OutboxEvent): Promise<void> {
  const message = { subject: event.subject, id: event.eventId };
  const { traceparent: _, ...written } = event;
  const [result] = await broker.publish([{ ...message, payload: writeEnvelope({ ...written, source: USER_SOURCE }) }]);
  if (!result || 'error' in result) throw new Error('The event could not be published.');
}

function placeOf({ userId, version }: UsersProfile) {
  return { eventId: newId(), ownerId: userId, revision: version, occurredAt: new Date() };
}

function signToken(userId: string, claims: TokenClaims, key: CryptoKey): Promise<string> {
  const { expiresInS = 900, audience = 'kith', issuer = 'kith', sessionId = newId() } = claims;
  return new SignJWT(sessionId === null ? {} : { sid: sessionId })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'test' })
    .setSubject(userId)
    .setIssuedAt()
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS)
    .sign(key);
}

function dataOf({ username, nickname, avatarUrl, friendPolicy }: UsersProfile): DataOf<typeof userRegistered> {
  return { username, nickname, avatarUrl, friendPolicy };
}
