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

/** One key of the file. */
export interface SigningKey {
  readonly kid: string;
  /** null for a key that only verifies what was signed elsewhere. */
  readonly privateKey: CryptoKey | null;
  readonly publicKey: JWK;
  /** ms since 1970. Until then it is published but does not sign, so that every verifier learns of it first. */
  readonly signsFrom: number;
}

/** Our own member of a key in the file: `signsFrom`, in seconds since 1970; 0 when absent. */
export const SIGNS_FROM = 'kith_signs_from';

/**
 * Reads the Ed25519 keys in a file (a JWK Set, RFC 7517), ordered by when they sign. A missing file is made, with one
 * key, readable by its owner alone. Throws ConfigError naming SIGNING_KEY_FILE when the file cannot be used.
 */
export async function readSigningKeys(file: string): Promise<readonly SigningKey[]> {
  await createFileIfMissing(file);
  try {
    const keys = await Promise.all((await readKeyFile(file)).map(readKey));
    if (keys.length === 0) throw new Error('it holds no key');
    if (keys.every(({ privateKey }) => privateKey === null)) throw new Error('none of its keys is a private key');
    return keys;
  } catch (error) {
    throw new ConfigError('SIGNING_KEY_FILE', `cannot be used: ${(error as Error).message}`);
  }
}

/** The keys in the file. Throws an Error that says what is wrong with the file. */
export async function readKeyFile(file: string): Promise<JWK[]> {
  if (process.platform !== 'win32' && ((await stat(file)).mode & 0o077) !== 0)
    throw new Error('others than its owner can read it: chmod 600');
  const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: JWK[] };
  if (!Array.isArray(keys)) throw new Error('it is no JWK Set');
  return keys;
}

/** The key that signs now: the due key with the latest `signsFrom`. */
export function signerAt(keys: readonly SigningKey[], now: Date): SigningKey & { readonly privateKey: CryptoKey } {
  const able = keys.filter((key): key is SigningKey & { privateKey: CryptoKey } => key.privateKey !== null);
  const due = able.filter(({ signsFrom }) => signsFrom <= now.getTime());
  // After the clock went back none may be due: then the one that is due first.
  if (due.length === 0) return able.reduce((one, other) => (other.signsFrom < one.signsFrom ? other : one));
  return due.reduce((one, other) => (other.signsFrom > one.signsFrom ? other : one));
}

/**
 * The keys that verifiers must know now: the keys to come, the signer, and those before it for as long as their tokens
 * live.
 */
export function publishedAt(keys: readonly SigningKey[], now: Date, tokenTtlS: number): JSONWebKeySet {
  const stillNeeded = ({ signsFrom }: SigningKey) => {
    const successors = keys.filter((other) => other.signsFrom > signsFrom && other.privateKey !== null);
    const replacedAt = Math.min(...successors.map((other) => other.signsFrom));
    return now.getTime() <= replacedAt + (tokenTtlS + REPLACED_A_LITTLE_LATE_S) * 1000;
  };
  return { keys: keys.filter(stillNeeded).map(({ publicKey }) => publicKey) };
}

/** Another process's clock may differ, or it may not have read the file yet. */
const REPLACED_A_LITTLE_LATE_S = 60;

export async function newPrivateKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair(TOKEN_ALGORITHM, { crv: 'Ed25519', extractable: true });
  const key = await exportJWK(privateKey);
  return { ...key, kid: await kidOf(key) };
}

async function readKey(key: JWK): Promise<SigningKey> {
  const kid = key.kid ?? (await kidOf(key));
  const publicKey = publicHalf({ ...key, kid });
  const privateKey = key.d === undefined ? null : ((await importJWK(key, TOKEN_ALGORITHM)) as CryptoKey);
  return { kid, publicKey, privateKey, signsFrom: Number((key as { [SIGNS_FROM]?: number })[SIGNS_FROM] ?? 0) * 1000 };
}

/** Only these members are published: everything else, above all the private `d`, stays in the file. */
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
  // Written aside and linked into place: two processes that start together read the same whole file.
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

/** RFC 7638. */
function kidOf(key: JWK): Promise<string> {
  return calculateJwkThumbprint(key);
}
