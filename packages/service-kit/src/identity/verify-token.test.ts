import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { createTokenVerifier } from './verify-token.ts';

const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA' };
const verify = createTokenVerifier({ jwks: { keys: [jwk] } });

const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;
const claims = () => ({ iss: 'kith', aud: 'kith', sub: 'u1', sid: 's1', iat: inAnHour() - 3600, exp: inAnHour() });
const sign = (payload: Record<string, unknown>, key = privateKey, kid = 'k1') =>
  new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', kid }).sign(key);

test('a good token names the viewer', async () => {
  const token = await sign(claims());
  expect(await verify(`Bearer ${token}`)).toMatchObject({ userId: 'u1', sessionId: 's1', token });
});

test('no header, no viewer', async () => {
  expect(await verify(undefined)).toBeNull();
});

test.each(['iss', 'aud', 'sub', 'sid', 'iat', 'exp'])('a token without %s is refused', async (claim) => {
  const { [claim as 'sub']: _, ...rest } = claims();
  await expect(verify(`Bearer ${await sign(rest)}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test.each([{ iss: 'other' }, { aud: 'other' }, { sub: 7 }, { nbf: inAnHour() }])('%o is refused', async (wrong) => {
  await expect(verify(`Bearer ${await sign({ ...claims(), ...wrong })}`)).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  });
});

test('an expired token says so', async () => {
  const past = Math.floor(Date.now() / 1000) - 60;
  await expect(verify(`Bearer ${await sign({ ...claims(), exp: past })}`)).rejects.toThrow('expired');
});

test('a stranger’s key is refused, under our key id or its own', async () => {
  const stranger = (await generateKeyPair('EdDSA')).privateKey;
  for (const kid of ['k1', 'k2']) {
    const token = await sign(claims(), stranger, kid);
    await expect(verify(`Bearer ${token}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  }
});

test('"none" and HS256 with the public key are refused', async () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const none = `${part({ alg: 'none', kid: 'k1' })}.${part(claims())}.AA`;
  const hs256 = await new SignJWT(claims())
    .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
    .sign(new TextEncoder().encode(JSON.stringify(jwk)));
  for (const token of [none, hs256]) {
    await expect(verify(`Bearer ${token}`)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  }
});

test.each(['', 'Bearer', 'Bearer x', 'Basic YTpi', 'Bearer a.b.c d'])('the header "%s" is refused', async (header) => {
  await expect(verify(header)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a key set that cannot be fetched is not the token’s fault', async () => {
  const away = createTokenVerifier({ issuerUrls: ['http://127.0.0.1:1'] });
  await expect(away(`Bearer ${await sign(claims())}`)).rejects.toMatchObject({
    code: 'SERVICE_UNAVAILABLE',
    extensions: { retryAfterMs: 1_000 },
  });
});
