import { createDatabaseIfMissing } from '@kith/local-servers';
import { asRole, giveDatabaseToItsService } from '@kith/migrations';
import type { NatsUser, RedisUser } from '@kith/services';
import type { ServerPasswords } from './server-passwords.ts';
import type { ServersToStart, ServerUrls } from './start-servers.ts';

/** With what each process opens the servers: a user of its own with the least rights, where the servers are ours. */
export type ServerAccess = {
  user: { databaseUrl: string; natsUrl: string; redisUrl: string };
  friend: { databaseUrl: string; natsUrl: string; redisUrl: string };
  gateway: { natsUrl: string };
  /** What differs when all of them are one process, which has one variable for both services' Redis. */
  oneProcess: { redisUrl: string };
};

type Servers = Pick<ServersToStart, 'passwords' | 'given'>;

/** The Postgres role of each service, which owns its database and nothing else. */
const rolesOf = ({ databases }: ServerPasswords) => ({
  user: { role: 'kith_user', password: databases.user },
  friend: { role: 'kith_friend', password: databases.friend },
});

/** @param urls of the operator; those that are `given` are other people's servers, and used as they are */
export function asEachProcess(urls: ServerUrls, { passwords, given = {} }: Servers): ServerAccess {
  const roles = rolesOf(passwords);
  const natsUrl = (user: NatsUser) => given.natsUrl ?? asUser(urls.natsUrl, user, passwords.nats[user]);
  const redisUrl = (user: RedisUser) => given.redisUrl ?? asUser(urls.redisUrl, user, passwords.redis[user]);
  return {
    user: {
      databaseUrl: given.userDatabaseUrl ?? asRole(urls.userDatabaseUrl, roles.user),
      natsUrl: natsUrl('user'),
      redisUrl: redisUrl('user'),
    },
    friend: {
      databaseUrl: given.friendDatabaseUrl ?? asRole(urls.friendDatabaseUrl, roles.friend),
      natsUrl: natsUrl('friend'),
      redisUrl: redisUrl('friend'),
    },
    gateway: { natsUrl: natsUrl('gateway') },
    oneProcess: { redisUrl: redisUrl('one-process') },
  };
}

const asUser = (url: string, user: string, password: string) => asRole(url, { role: user, password });

/**
 * Gives the databases of a Postgres of ours to the roles of their services; other people's are left as they are. To be
 * done when they have been migrated, which makes them.
 */
export async function giveDatabasesToServices(
  urls: ServerUrls,
  { passwords, given = {}, eventBus }: Servers & { eventBus: string | undefined },
): Promise<void> {
  const roles = rolesOf(passwords);
  if (!given.userDatabaseUrl) {
    await giveDatabaseToItsService(urls.userDatabaseUrl, roles.user);
    if (eventBus === 'in-process') {
      // The one process opens it as the user service.
      const streams = eventsDatabaseBeside(urls.userDatabaseUrl);
      await createDatabaseIfMissing(streams);
      await giveDatabaseToItsService(streams, roles.user);
    }
  }
  if (!given.friendDatabaseUrl) await giveDatabaseToItsService(urls.friendDatabaseUrl, roles.friend);
}

/** The bus inside the process has a database of its own on the same server. */
export function eventsDatabaseBeside(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.pathname = '/kith_events';
  return url.href;
}
