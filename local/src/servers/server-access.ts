import { createDatabaseIfMissing } from '@kith/local-servers';
import { asRole, giveDatabaseToItsService } from '@kith/migrations';
import {
  databaseOf,
  IN_REDIS,
  type NatsUser,
  ofEach,
  type RedisUser,
  SERVICE_NAMES,
  type ServiceInRedis,
  type ServiceName,
  type ServiceWithDatabase,
  WITH_DATABASE,
} from '@kith/services';
import type { ServerPasswords } from './server-passwords.ts';
import type { ServersToStart, ServerUrls } from './servers-to-start.ts';

/** Credentials of one process for the servers that it uses, each with its own user. */
type Access<Name extends ServiceName = ServiceName> = { natsUrl: string } & (Name extends ServiceWithDatabase
  ? { databaseUrl: string }
  : object) &
  (Name extends ServiceInRedis ? { redisUrl: string } : object);

/** Least privilege: the credentials of each process, with its own user where the servers are ours. */
export type ServerAccess = { [Name in ServiceName]: Access<Name> } & {
  gateway: { natsUrl: string };
  /** What differs when all run in one process, which has one variable for the Redis of all services. */
  oneProcess: { redisUrl: string };
};

type Servers = Pick<ServersToStart, 'passwords' | 'given' | 'databases'>;

/** The Postgres role of a service, which owns its database and nothing else. */
export const roleOf = (name: ServiceWithDatabase, { databases }: ServerPasswords) => ({
  role: databaseOf(name).databaseName,
  password: databases[name],
});

/** @param urls of the operator; `given` ones are external servers, used as they are */
export function asEachProcess(urls: ServerUrls, { passwords, given = {} }: Servers): ServerAccess {
  return accessBy({
    natsUrl: (user) => given.natsUrl ?? asUser(urls.natsUrl, user, passwords.nats[user]),
    redisUrl: (user) => given.redisUrl ?? asUser(urls.redisUrl, user, passwords.redis[user]),
    databaseUrl: (name) =>
      given[`${name}DatabaseUrl`] ??
      // A database that is not needed, next to an external Postgres, has no address.
      (urls[`${name}DatabaseUrl`] === '' ? '' : asRole(urls[`${name}DatabaseUrl`], roleOf(name, passwords))),
  });
}

/** The address of each server for each of its users, given to the processes that are these users. */
export function accessBy(urlOf: {
  natsUrl(user: NatsUser): string;
  redisUrl(user: RedisUser): string;
  databaseUrl(name: ServiceWithDatabase): string;
}): ServerAccess {
  const { natsUrl, redisUrl, databaseUrl } = urlOf;
  const accessOf = (name: ServiceName) => ({
    ...(isOneOf(WITH_DATABASE, name) && { databaseUrl: databaseUrl(name) }),
    natsUrl: natsUrl(name),
    ...(isOneOf(IN_REDIS, name) && { redisUrl: redisUrl(name) }),
  });
  return {
    ...(ofEach(SERVICE_NAMES, accessOf) as Pick<ServerAccess, ServiceName>),
    gateway: { natsUrl: natsUrl('gateway') },
    oneProcess: { redisUrl: redisUrl('one-process') },
  };
}

const isOneOf = <Name extends ServiceName>(names: readonly Name[], name: ServiceName): name is Name =>
  names.some((each) => each === name);

const asUser = (url: string, user: string, password: string) => asRole(url, { role: user, password });

/**
 * Makes the services' roles the owners of their databases on our own Postgres; external ones are left as they are. Call
 * it after the migration, which creates the databases.
 */
export async function giveDatabasesToServices(
  urls: ServerUrls,
  { passwords, given = {}, databases = WITH_DATABASE, eventBus }: Servers & { eventBus: string | undefined },
): Promise<void> {
  for (const name of databases.filter((each) => !given[`${each}DatabaseUrl`])) {
    await giveDatabaseToItsService(urls[`${name}DatabaseUrl`], roleOf(name, passwords));
  }
  if (eventBus === 'in-process' && !given[`${OPENS_THE_STREAMS}DatabaseUrl`]) {
    const streams = eventsDatabaseBeside(urls[`${OPENS_THE_STREAMS}DatabaseUrl`]);
    await createDatabaseIfMissing(streams);
    await giveDatabaseToItsService(streams, roleOf(OPENS_THE_STREAMS, passwords));
  }
}

/** The service whose role opens the database of the in-process bus. */
export const OPENS_THE_STREAMS = 'user' satisfies ServiceWithDatabase;

/** The in-process bus has its own database on the same server. */
export function eventsDatabaseBeside(databaseUrl: string): string {
  // Also works for a list of several servers, which is not a valid URL.
  return databaseUrl.replace(/^([a-z]+:\/\/[^/?]*)(?:\/[^?]*)?/, '$1/kith_events');
}
