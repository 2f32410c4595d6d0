import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dataFolder } from '@kith/local';
import { ConfigError } from '@kith/service-kit';
import { CommandFailed, type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { explainFileError } from '../running-system/explain-file-error.ts';
import { readArguments } from '../running-system/read-arguments.ts';

export const ROTATE_KEYS_HELP = `kith keys rotate [--after-seconds N] [--json]

Makes a new key to sign access tokens with, in SIGNING_KEY_FILE (else KITH_DATA's). It is published at once and signs
after N seconds (180), when every verifier knows it; the one before verifies until its tokens have run out
(ACCESS_TOKEN_TTL_S). Running services take the file up by themselves; nobody is signed out.`;

/** Longer than any verifier, or cache on the way to it, keeps a key set. */
const AFTER_S = 180;
const DEFAULT_TTL_S = 900;

/** `kith keys rotate`. */
export async function rotateKeys(args: readonly string[]): Promise<ExitCode> {
  const { values } = readArguments(args, ROTATE_KEYS_HELP, { 'after-seconds': { type: 'string' } });
  const said = values['after-seconds'] ?? String(AFTER_S);
  if (!/^\d{1,9}$/.test(said)) {
    throw new UsedWrongly(`--after-seconds "${said}" is no number of seconds: give a whole number.`, ROTATE_KEYS_HELP);
  }
  const afterS = Number(said);
  const file = process.env.SIGNING_KEY_FILE || join(dataFolder(), 'signing-keys.json');
  const tokenTtlS = Number(process.env.ACCESS_TOKEN_TTL_S || DEFAULT_TTL_S);
  // Else every key would seem to have run out.
  if (!Number.isInteger(tokenTtlS) || tokenTtlS < 1) {
    throw new CommandFailed('ACCESS_TOKEN_TTL_S: must be a whole number of seconds, as the user service has it.');
  }
  await refuseFolder(file);
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

/** @throws {CommandFailed} when the file cannot be one, or its folder is not there */
async function refuseFolder(file: string): Promise<void> {
  const folder = dirname(file);
  await stat(folder).catch((error) => {
    throw explainFileError(error, folder);
  });
  const isFolder = (await stat(file).catch(() => undefined))?.isDirectory();
  if (isFolder) throw explainFileError(Object.assign(new Error('is a folder'), { code: 'EISDIR' }), file);
}
