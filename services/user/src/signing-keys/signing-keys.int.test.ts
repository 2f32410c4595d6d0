import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { createLog, createTokenVerifier } from '@kith/service-kit';
import { decodeProtectedHeader } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { followSigningKeys } from './follow-signing-keys.ts';
import { createAccessTokenIssuer } from './issue-access-tokens.ts';
import { rotateSigningKeys } from './rotate-signing-keys.ts';
import { publishedAt, readSigningKeys, signerAt } from './signing-keys.ts';

const folder = await mkdtemp(join(tmpdir(), 'kith-keys-'));
afterAll(() => rm(folder, { recursive: true }));
const log = createLog({ name: 'test', level: 'silent' });
const TTL_S = 900;
const after = (seconds: number, from = new Date()) => new Date(from.getTime() + seconds * 1000);
const kidsOf = (keys: readonly { kid?: string }[]) => keys.map(({ kid }) => kid);

test('a missing file is made once, for its owner alone, whoever starts first', async () => {
  const file = join(folder, 'made.json');
  const [one, other] = await Promise.all([readSigningKeys(file), readSigningKeys(file)]);
  expect(kidsOf(one)).toEqual(kidsOf(other));
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(kidsOf(await readSigningKeys(file))).toEqual(kidsOf(one));
});

test('the public key set holds nothing private', async () => {
  const keys = await readSigningKeys(join(folder, 'public.json'));
  expect(publishedAt(keys, new Date(), TTL_S).keys).toEqual([
    { kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: keys[0]!.kid, use: 'sig', alg: 'EdDSA' },
  ]);
});

test('a new key is published at once, signs after its time, and the old one verifies until its tokens have run out', async () => {
  const file = join(folder, 'rotated.json');
  const [old] = await readSigningKeys(file);
  const now = new Date();
  const { kid, signsFrom, dropped } = await rotateSigningKeys(file, { afterS: 120, tokenTtlS: TTL_S, now });
  expect(dropped).toEqual([]);
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const keys = await readSigningKeys(file);
  const at = (seconds: number) => {
    const moment = after(seconds, signsFrom);
    return { signer: signerAt(keys, moment).kid, published: kidsOf(publishedAt(keys, moment, TTL_S).keys) };
  };
  expect(at(-120)).toEqual({ signer: old!.kid, published: [kid, old!.kid] });
  expect(at(-0.001).signer).toBe(old!.kid);
  expect(at(0)).toEqual({ signer: kid, published: [kid, old!.kid] });
  // The last token of the old key was signed a moment before.
  expect(at(TTL_S)).toEqual({ signer: kid, published: [kid, old!.kid] });
  expect(at(TTL_S + 61)).toEqual({ signer: kid, published: [kid] });
});

test('rotating again drops what nobody can hold a token of, and nothing else', async () => {
  const file = join(folder, 'rotated-often.json');
  const [first] = await readSigningKeys(file);
  const start = new Date();
  const rotate = (seconds: number) =>
    rotateSigningKeys(file, { afterS: 120, tokenTtlS: TTL_S, now: after(seconds, start) });
  const second = await rotate(0);
  const third = await rotate(60);
  expect(third.dropped).toEqual([]);
  const fourth = await rotate(3_600);
  expect(fourth.dropped).toEqual([second.kid, first!.kid]);
  expect(kidsOf(await readSigningKeys(file))).toEqual([fourth.kid, third.kid]);
});

test('a running service takes a rotation up without a restart, and no token of either key is refused', async () => {
  const file = join(folder, 'followed.json');
  const keys = await followSigningKeys({ file, tokenTtlS: TTL_S, log });
  const issuer = createAccessTokenIssuer(keys, TTL_S);
  const verify = createTokenVerifier({ jwks: () => keys.publicKeys(new Date()) });
  const issue = async () => (await issuer.issue('u1', 's1', new Date())).token;
  const before = await issue();

  const { kid } = await rotateSigningKeys(file, { afterS: 1, tokenTtlS: TTL_S });
  const fresh = await eventually('the new key signs', async () => {
    const token = await issue();
    expect(await verify(`Bearer ${token}`)).toMatchObject({ userId: 'u1' });
    return decodeProtectedHeader(token).kid === kid && token;
  });
  for (const token of [before, fresh]) {
    expect(await verify(`Bearer ${token}`)).toMatchObject({ userId: 'u1', sessionId: 's1' });
  }
  keys.stop();
});

test('a file that is spoilt while the service runs leaves it its keys', async () => {
  const file = join(folder, 'spoilt.json');
  const reported: unknown[] = [];
  const listening = { ...log, error: (what: unknown) => reported.push(what) } as unknown as typeof log;
  const keys = await followSigningKeys({ file, tokenTtlS: TTL_S, log: listening });
  const { kid } = keys.signer(new Date());
  await writeFile(file, 'x', { mode: 0o600 });
  await eventually('it is reported', () => reported.length > 0);
  expect(keys.signer(new Date()).kid).toBe(kid);
  keys.stop();
});

test.each([
  ['not JSON', 'x'],
  ['no key', '{"keys":[]}'],
  ['a key of another kind', '{"keys":[{"kty":"oct","k":"AAAA"}]}'],
])('a file with %s is refused by the variable’s name, and not rotated', async (_what, content) => {
  const file = join(folder, 'bad.json');
  await writeFile(file, content, { mode: 0o600 });
  await expect(readSigningKeys(file)).rejects.toThrow(/^SIGNING_KEY_FILE: /);
  await expect(rotateSigningKeys(file, { afterS: 1, tokenTtlS: TTL_S })).rejects.toThrow(/^SIGNING_KEY_FILE: /);
  expect(await readFile(file, 'utf8')).toBe(content);
  expect((await readdir(folder)).filter((name) => name.startsWith('bad.json'))).toEqual(['bad.json']);
});

test('a file that others can read is refused', async () => {
  const file = join(folder, 'open.json');
  await readSigningKeys(file);
  await chmod(file, 0o644);
  await expect(readSigningKeys(file)).rejects.toThrow('chmod 600');
});
