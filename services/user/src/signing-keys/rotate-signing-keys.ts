import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { present } from '@kith/service-kit';
import { newPrivateKey, readKeyFile, readSigningKeys, SIGNS_FROM } from './signing-keys.ts';

export interface Rotation {
  readonly kid: string;
  /** When the new key begins to sign. */
  readonly signsFrom: Date;
  /** The removed keys: their tokens have expired. */
  readonly dropped: readonly string[];
}

/**
 * Key rotation: adds a key to the file that signs after `afterS` seconds; until then verifiers learn of it. Earlier
 * keys stay while their tokens live (`tokenTtlS`); keys that were replaced longer ago are removed. Throws ConfigError,
 * or an Error when the file cannot be written.
 */
export async function rotateSigningKeys(
  file: string,
  { afterS, tokenTtlS, now = new Date() }: { afterS: number; tokenTtlS: number; now?: Date },
): Promise<Rotation> {
  const current = await readSigningKeys(file);
  const inFile = await readKeyFile(file);
  const goneBefore = now.getTime() - (tokenTtlS + afterS) * 1000;
  const kept = inFile.filter((_key, index) => {
    const { signsFrom } = present(current[index], 'the file holds the keys that were read from it');
    const replacedAt = Math.min(...current.map((key) => key.signsFrom).filter((from) => from > signsFrom));
    return replacedAt > goneBefore;
  });
  const signsFromS = Math.ceil(now.getTime() / 1000) + afterS;
  const fresh = { ...(await newPrivateKey()), [SIGNS_FROM]: signsFromS };

  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${JSON.stringify({ keys: [fresh, ...kept] }, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(draft, file);
  const stays = new Set(kept);
  const dropped = inFile.flatMap((key, index) => (stays.has(key) ? [] : (current[index]?.kid ?? [])));
  return { kid: present(fresh.kid, 'a new key has an id'), signsFrom: new Date(signsFromS * 1000), dropped };
}
