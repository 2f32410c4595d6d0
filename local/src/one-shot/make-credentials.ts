import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSecretFile } from '@kith/local-servers';
import { parseConfig } from '@kith/service-kit';
import {
  databaseOf,
  fieldsOfEach,
  SERVICE_NAMES,
  SERVICES,
  usersOfNats,
  usersOfRedis,
  WITH_DATABASE,
} from '@kith/services';
import { keepSecrets } from '../data-folder/keep-secrets.ts';
import { asEachProcess } from '../servers/server-access.ts';
import { endWithSentence } from './end-with-sentence.ts';
import { credentialsConfig } from './one-shot-config.ts';

// For docker compose: what `start` does by itself. Passwords are made at the first start and stay the same; each server
// and each process finds its own in a folder that only it is given.
try {
  const config = parseConfig(credentialsConfig);
  const folder = (name: string) => join(config.CREDENTIALS_FOLDER, name);
  for (const name of ['operator', 'nats', 'redis', 'migrate', ...SERVICE_NAMES, 'gateway']) {
    await mkdir(folder(name), { recursive: true, mode: 0o700 });
  }
  const { passwords } = await keepSecrets(folder('operator'));
  const access = asEachProcess(
    {
      ...fieldsOfEach(WITH_DATABASE, 'DatabaseUrl', (name) => config[databaseOf(name).urlVariable]),
      natsUrl: config.NATS_URL,
      redisUrl: config.REDIS_URL,
    },
    { passwords },
  );
  const environment = (name: string, variables: Record<string, string>) => {
    const lines = Object.entries(variables).map(([variable, value]) => `${variable}=${value}\n`);
    return writeSecretFile(join(folder(name), 'env'), lines.join(''));
  };
  await writeSecretFile(join(folder('nats'), 'authorization.conf'), usersOfNats.configurationFor(passwords.nats));
  await writeSecretFile(join(folder('redis'), 'redis.conf'), usersOfRedis.configurationFor(passwords.redis));
  // Of a cluster: with which a replica opens its primary.
  await writeSecretFile(
    join(folder('redis'), 'replication.conf'),
    `masteruser kith\nmasterauth ${passwords.redis.kith}\n`,
  );
  await environment(
    'migrate',
    Object.fromEntries(WITH_DATABASE.map((name) => [databaseOf(name).serviceUrlVariable, access[name].databaseUrl])),
  );
  for (const name of SERVICE_NAMES) {
    const { database } = SERVICES[name];
    const { natsUrl, databaseUrl, redisUrl }: { natsUrl: string; databaseUrl?: string; redisUrl?: string } =
      access[name];
    await environment(name, {
      ...(database && databaseUrl && { [database.urlVariable]: databaseUrl }),
      NATS_URL: natsUrl,
      ...(redisUrl && { REDIS_URL: redisUrl }),
    });
  }
  await environment('gateway', { NATS_URL: access.gateway.natsUrl });
} catch (error) {
  endWithSentence(error);
}
