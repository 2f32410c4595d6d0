import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTokenVerifier } from '@kith/service-kit';
import { afterAll, expect, test } from 'vitest';
import { createAccessTokenIssuer } from './issue-access-tokens.ts';
import { readSigningKeys } from './signing-keys.ts';

const folder = await mkdtemp(join(tmpdir(), 'kith-keys-'));
afterAll(() => rm(folder, { recursive: true }));

test('a missing file is made once, for its owner alone, whoever starts first', async () => {
  const file = join(folder, 'made.json');
  const [one, other] = await Promise.all([readSigningKeys(file), readSigningKeys(file)]);
  expect(one.kid).toBe(other.kid);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await readSigningKeys(file)).kid).toBe(one.kid);
});

test('the public key set holds nothing private', async () => {
  const { jwks, kid } = await readSigningKeys(join(folder, 'public.json'));
  expect(jwks.keys).toEqual([{ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid, use: 'sig', alg: 'EdDSA' }]);
});

test('after a rotation the new key signs and the old one still verifies', async () => {
  const files = ['old.json', 'new.json'].map((name) => join(folder, name));
  const [old, fresh] = await Promise.all(files.map(readSigningKeys));
  const keys = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, 'utf8')).keys[0]));
  const rotated = join(folder, 'rotated.json');
  await writeFile(rotated, JSON.stringify({ keys: [keys[1], keys[0]] }), { mode: 0o600 });
  const both = await readSigningKeys(rotated);
  expect(both.kid).toBe(fresh!.kid);

  const verify = createTokenVerifier({ jwks: both.jwks });
  for (const signer of [old!, both]) {
    const { token, expiresAt } = await createAccessTokenIssuer(signer, 900).issue('u1', 's1', new Date());
    expect(await verify(`Bearer ${token}`)).toMatchObject({ userId: 'u1', sessionId: 's1', expiresAt });
  }
});

test.each([
  ['not JSON', 'x'],
  ['no key', '{"keys":[]}'],
  ['a key of another kind', '{"keys":[{"kty":"oct","k":"AAAA"}]}'],
])('a file with %s is refused by the variable’s name', async (_what, content) => {
  const file = join(folder, 'bad.json');
  await writeFile(file, content, { mode: 0o600 });
  await expect(readSigningKeys(file)).rejects.toThrow(/^SIGNING_KEY_FILE: /);
});

test('a file that others can read is refused', async () => {
  const file = join(folder, 'open.json');
  await readSigningKeys(file);
  await chmod(file, 0o644);
  await expect(readSigningKeys(file)).rejects.toThrow('chmod 600');
});
