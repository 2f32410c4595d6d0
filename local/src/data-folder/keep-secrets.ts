import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { SetupProblem, writeSecretFile } from '@kith/local-servers';
import { z } from 'zod';
import { newSecret, newServerPasswords, type ServerPasswords } from '../servers/server-passwords.ts';

const secret = z.string().min(16);
const schema = z.object({
  gatewayKey: secret,
  operatorKey: secret,
  postgresPassword: secret,
  // Data folders of earlier versions lack some or all of these: they are made when first needed.
  databasePasswords: z.record(z.string(), secret).optional(),
  natsPasswords: z.record(z.string(), secret).optional(),
  redisPasswords: z.record(z.string(), secret).optional(),
});
export type Secrets = { gatewayKey: string; operatorKey: string; passwords: ServerPasswords };

/**
 * The secrets of this data folder, made at the first start, and completed at the first start of a version that needs
 * more of them. The file is readable by its owner alone.
 */
export async function keepSecrets(kithData: string): Promise<Secrets> {
  const file = join(kithData, 'secrets.json');
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new SetupProblem(`${file} cannot be read (${error.code}): give it to the user who runs Kith.`);
  });
  const fresh = newServerPasswords();
  const kept = text === undefined ? undefined : readSecrets(text, file);
  const secrets = {
    gatewayKey: newSecret(),
    operatorKey: newSecret(),
    postgresPassword: fresh.postgres,
    ...kept,
    databasePasswords: { ...fresh.databases, ...kept?.databasePasswords },
    natsPasswords: { ...fresh.nats, ...kept?.natsPasswords },
    redisPasswords: { ...fresh.redis, ...kept?.redisPasswords },
  };
  if (!isDeepStrictEqual(secrets, kept)) {
    await writeSecretFile(file, `${JSON.stringify(secrets, null, 2)}\n`);
  }
  const { gatewayKey, operatorKey, postgresPassword: postgres } = secrets;
  const { databasePasswords: databases, natsPasswords: nats, redisPasswords: redis } = secrets;
  return { gatewayKey, operatorKey, passwords: { postgres, databases, nats, redis } };
}

/** What the gateway that was started from this data folder shows to services; undefined when none was. */
export async function readGatewayKey(kithData: string): Promise<string | undefined> {
  const text = await readFile(join(kithData, 'secrets.json'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : readSecrets(text, join(kithData, 'secrets.json'))?.gatewayKey;
}

function readSecrets(text: string, file: string) {
  try {
    // Only defined values: an undefined one must not hide a new secret.
    return definedOf(schema.parse(JSON.parse(text)));
  } catch (error) {
    throw new SetupProblem(
      `${file} is damaged: restore it from a backup (the password of the database is in it), or move the whole data folder away to begin with an empty one.`,
      { cause: error },
    );
  }
}

type Defined<T> = { [Key in keyof T]: Exclude<T[Key], undefined> };
const definedOf = <T extends object>(all: T) =>
  Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Defined<T>;
