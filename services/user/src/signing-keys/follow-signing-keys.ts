import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from '@kith/service-kit';
import type { CryptoKey, JSONWebKeySet } from 'jose';
import { publishedAt, readSigningKeys, type SigningKey, signerAt } from './signing-keys.ts';

const LOOK_EVERY_MS = 500;

export interface FollowedSigningKeys {
  signer(now: Date): SigningKey & { readonly privateKey: CryptoKey };
  /** The same object until its content changes. */
  publicKeys(now: Date): JSONWebKeySet;
  stop(): void;
}

/**
 * Hot reload: the current keys of the file. A changed file is read again within a second, without a restart. An
 * unusable file is logged, and the keys stay as they were. Throws ConfigError when the file is unusable at the start.
 */
export async function followSigningKeys(options: {
  file: string;
  tokenTtlS: number;
  log: Logger;
}): Promise<FollowedSigningKeys> {
  const { file, tokenTtlS, log } = options;
  let keys: readonly SigningKey[] = await readSigningKeys(file);
  let published: JSONWebKeySet = { keys: [] };

  const readAgain = () => {
    readSigningKeys(file).then(
      (read) => {
        keys = read;
        log.info({ kids: read.map(({ kid }) => kid) }, 'the signing keys were read again');
      },
      (err) => log.error({ err }, 'the changed signing keys cannot be used: the earlier ones stay'),
    );
  };
  // Polling notices a replaced file on network and container volumes too.
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, readAgain);

  return {
    signer: (now) => signerAt(keys, now),
    publicKeys(now) {
      const current = publishedAt(keys, now, tokenTtlS);
      if (kidsOf(current) !== kidsOf(published)) published = current;
      return published;
    },
    stop: () => unwatchFile(file, readAgain),
  };
}

const kidsOf = ({ keys }: JSONWebKeySet) => keys.map(({ kid }) => kid).join();
