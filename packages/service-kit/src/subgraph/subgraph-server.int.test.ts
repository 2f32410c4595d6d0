import { GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { startHttpServer } from '../http/start-http-server.ts';
import { createTokenVerifier } from '../identity/verify-token.ts';
import { newTraceparent, traceIdOf } from '../telemetry/trace-context.ts';
import { createSubgraphServer, type SubgraphContext } from './subgraph-server.ts';

const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
const log = pino({ level: 'silent' });
const string = new GraphQLNonNull(GraphQLString);
const schema = new GraphQLSchema({
  query: new GraphQLObjectType<unknown, SubgraphContext>({
    name: 'Query',
    fields: {
      viewer: { type: GraphQLString, resolve: (_root, _args, context) => context.viewer?.userId ?? null },
      traceId: { type: string, resolve: (_root, _args, context) => traceIdOf(context.traceparent) },
      broken: {
        type: string,
        resolve: () => {
          throw new Error('secret');
        },
      },
    },
  }),
});
const http = await startHttpServer({
  host: '127.0.0.1',
  port: 0,
  log,
  ready: () => ({ ready: true, uses: {} }),
  routes: {
    '/graphql': createSubgraphServer({
      schema,
      gatewayKey: ['gateway-key', 'gateway-key-before'],
      verify: createTokenVerifier({ jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'EdDSA' }] } }),
      log,
      contextFor: (request) => request,
    }),
  },
});
afterAll(() => http.stop());

async function ask(query: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${http.url}/graphql`, {
    method: 'POST',
    body: JSON.stringify({ query }),
    headers: { 'content-type': 'application/json', 'x-kith-gateway-key': 'gateway-key', ...headers },
  });
  return { status: response.status, body: (await response.json()) as { data?: unknown; errors?: unknown[] } };
}

const tokenThatExpires = (time: string) =>
  new SignJWT({ sid: 's' })
    .setProtectedHeader({ alg: 'EdDSA', kid: 'k' })
    .setIssuedAt()
    .setIssuer('kith')
    .setAudience('kith')
    .setSubject('ann')
    .setExpirationTime(time)
    .sign(privateKey);

test('without the gateway’s key nothing is answered', async () => {
  const { status, body } = await ask('{ __typename }', { 'x-kith-gateway-key': 'another' });
  expect([status, body.errors]).toEqual([401, [expect.objectContaining({ extensions: { code: 'UNAUTHENTICATED' } })]]);
});

test('while the gateway’s key is rotated the one before is answered too', async () => {
  for (const key of ['gateway-key', 'gateway-key-before']) {
    expect((await ask('{ __typename }', { 'x-kith-gateway-key': key })).body.data).toEqual({ __typename: 'Query' });
  }
  expect((await ask('{ __typename }', { 'x-kith-gateway-key': 'gateway-key,gateway-key-before' })).status).toBe(401);
});

test('the viewer comes from the token; without one there is none', async () => {
  const authorization = `Bearer ${await tokenThatExpires('1h')}`;
  expect((await ask('{ viewer }', { authorization })).body.data).toEqual({ viewer: 'ann' });
  expect((await ask('{ viewer }')).body.data).toEqual({ viewer: null });
});

test('an expired token is refused, even where no viewer is needed', async () => {
  const { status } = await ask('{ __typename }', { authorization: `Bearer ${await tokenThatExpires('-1h')}` });
  expect(status).toBe(401);
});

test('the request stays in the caller’s trace', async () => {
  const traceparent = newTraceparent();
  expect((await ask('{ traceId }', { traceparent })).body.data).toEqual({ traceId: traceIdOf(traceparent) });
});

test('unexpected errors are masked, mistakes are explained', async () => {
  const broken = await ask('{ broken }');
  expect(JSON.stringify(broken.body)).not.toContain('secret');
  expect(broken.body.errors).toMatchObject([{ path: ['broken'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
  expect((await ask('{ nothing }')).body.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
});

test('forms and GET are refused', async () => {
  const form = await fetch(`${http.url}/graphql`, {
    method: 'POST',
    body: 'query={__typename}',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-kith-gateway-key': 'gateway-key' },
  });
  expect(form.status).toBe(400);
  const get = await fetch(`${http.url}/graphql?query={__typename}`, {
    headers: { 'x-kith-gateway-key': 'gateway-key' },
  });
  expect(get.status).toBe(400);
});
