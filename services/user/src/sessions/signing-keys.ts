import { randomBytes } from 'node:crypto';
import { link, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { ConfigError, TOKEN_ALGORITHM } from '@kith/service-kit';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JSONWebKeySet,
  type JWK,
} from 'jose';

export interface SigningKeys {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  /** The public halves of all keys in the file: what is signed by any of them is still good. */
  readonly jwks: JSONWebKeySet;
}

/**
 * Reads the private Ed25519 keys in a file (a JWK Set, RFC 7517): the first signs, all verify. To rotate, put a new key
 * first and keep the old one for as long as its tokens live. A missing file is made, with one key, readable by its owner
 * alone. Throws ConfigError naming SIGNING_KEY_FILE when the file cannot be used.
 */
export async function readSigningKeys(file: string): Promise<SigningKeys> {
  await createFileIfMissing(file);
  try {
    if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0)
      throw new Error('others than its owner can read it: chmod 600');
    const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: JWK[] };
    const withIds = await Promise.all(keys.map(async (key) => ({ ...key, kid: key.kid ?? (await kidOf(key)) })));
    const [first] = withIds;
    if (!first) throw new Error('it holds no key');
    const privateKey = (await importJWK(first, TOKEN_ALGORITHM)) as CryptoKey;
    if (privateKey.type !== 'private') throw new Error('its first key is not a private key');
    return { kid: first.kid, privateKey, jwks: { keys: withIds.map(publicHalf) } };
  } catch (error) {
    throw new ConfigError('SIGNING_KEY_FILE', `cannot be used: ${(error as Error).message}`);
  }
}

/** Only these members: whatever else is in the file, a private `d` above all, stays there. */
function publicHalf({ kty, crv, x, kid }: JWK): JWK {
  if (kty !== 'OKP' || crv !== 'Ed25519' || x === undefined) throw new Error('a key in it is not an Ed25519 key');
  return { kty, crv, x, ...(kid === undefined ? {} : { kid }), use: 'sig', alg: TOKEN_ALGORITHM };
}

async function createFileIfMissing(file: string): Promise<void> {
  const exists = await stat(file).then(
    () => true,
    () => false,
  );
  if (exists) return;
  // Written aside and linked into place: of two processes that start together both read one whole file.
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(draft, JSON.stringify({ keys: [await newPrivateKey()] }), { mode: 0o600, flag: 'wx' });
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } catch (error) {
    throw new ConfigError('SIGNING_KEY_FILE', `cannot be made: ${(error as Error).message}`);
  } finally {
    await unlink(draft).catch(() => undefined);
  }
}

async function newPrivateKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(TOKEN_ALGORITHM, { crv: 'Ed25519', extractable: true });
  const key = await exportJWK(privateKey);
  return { ...key, kid: await kidOf(key) };
}

/** RFC 7638. */
function kidOf(key: JWK): Promise<string> {
  return calculateJwkThumbprint(key);
}
