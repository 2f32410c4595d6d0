import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dataFolder } from '@kith/local';
import { ConfigError } from '@kith/service-kit';
import { CommandFailed, type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';

export const ROTATE_KEYS_HELP = `kith keys rotate [--after-seconds N] [--json]

Makes a new key to sign access tokens with, in SIGNING_KEY_FILE (else KITH_DATA's). It is published at once and signs
after N seconds (180), when every verifier knows it; the one before verifies until its tokens have run out
(ACCESS_TOKEN_TTL_S). Running services take the file up by themselves; nobody is signed out.`;

/** Longer than any verifier, or cache on the way to it, keeps a key set. */
const AFTER_S = 180;
const DEFAULT_TTL_S = 900;

/** `kith keys rotate`. */
export async function rotateKeys(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { 'after-seconds': { type: 'string' }, json: { type: 'boolean' } },
  });
  const afterS = Number(values['after-seconds'] ?? AFTER_S);
  if (positionals.length > 0 || !Number.isInteger(afterS) || afterS < 0) throw new UsedWrongly(ROTATE_KEYS_HELP);
  const file = process.env.SIGNING_KEY_FILE || join(dataFolder(), 'signing-keys.json');
  const tokenTtlS = Number(process.env.ACCESS_TOKEN_TTL_S || DEFAULT_TTL_S);
  // Loaded here: no other command needs the user service.
  const { rotateSigningKeys } = await import('@kith/user');
  const rotation = await rotateSigningKeys(file, { afterS, tokenTtlS }).catch((error: Error) => {
    throw error instanceof ConfigError ? new CommandFailed(error.message) : error;
  });
  if (values.json) process.stdout.write(`${JSON.stringify({ file, ...rotation })}\n`);
  else {
    process.stdout.write(`${file}: the new key ${rotation.kid} signs from ${rotation.signsFrom.toISOString()}.\n`);
    for (const kid of rotation.dropped) process.stdout.write(`Dropped ${kid}: its tokens have run out.\n`);
  }
  return 0;
}
