import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSecretFile } from '@kith/local-servers';
import { readConfig } from '@kith/service-kit';
import { usersOfNats, usersOfRedis } from '@kith/services';
import { keepSecrets } from '../data-folder/keep-secrets.ts';
import { asEachProcess } from '../system/server-access.ts';
import { endWithSentence } from './end-with-sentence.ts';
import { credentialsConfig } from './one-shot-config.ts';

// For docker compose: what `start` does by itself. Passwords are made at the first start and stay the same; each server
// and each process finds its own in a folder that nobody else is given.
const config = readConfig(credentialsConfig);
try {
  const folder = (name: string) => join(config.CREDENTIALS_FOLDER, name);
  for (const name of ['operator', 'nats', 'redis', 'migrate', 'user', 'friend', 'gateway']) {
    await mkdir(folder(name), { recursive: true, mode: 0o700 });
  }
  const { passwords } = await keepSecrets(folder('operator'));
  const access = asEachProcess(
    {
      userDatabaseUrl: config.USER_DATABASE_URL,
      friendDatabaseUrl: config.FRIEND_DATABASE_URL,
      natsUrl: config.NATS_URL,
      redisUrl: config.REDIS_URL,
    },
    { passwords },
  );
  const environment = (name: string, variables: Record<string, string>) => {
    const lines = Object.entries(variables).map(([variable, value]) => `${variable}=${value}\n`);
    return writeSecretFile(join(folder(name), 'env'), lines.join(''));
  };
  const { user, friend, gateway } = access;
  await writeSecretFile(join(folder('nats'), 'authorization.conf'), usersOfNats.configurationFor(passwords.nats));
  await writeSecretFile(join(folder('redis'), 'redis.conf'), usersOfRedis.configurationFor(passwords.redis));
  await environment('migrate', {
    USER_SERVICE_DATABASE_URL: user.databaseUrl,
    FRIEND_SERVICE_DATABASE_URL: friend.databaseUrl,
  });
  await environment('user', {
    USER_DATABASE_URL: user.databaseUrl,
    NATS_URL: user.natsUrl,
    REDIS_URL: user.redisUrl,
  });
  await environment('friend', {
    FRIEND_DATABASE_URL: friend.databaseUrl,
    NATS_URL: friend.natsUrl,
    REDIS_URL: friend.redisUrl,
  });
  await environment('gateway', { NATS_URL: gateway.natsUrl });
} catch (error) {
  endWithSentence(error);
}
