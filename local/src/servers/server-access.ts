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

/** With what one process opens the servers: what it has of them, each as a user of its own. */
type Access<Name extends ServiceName = ServiceName> = { natsUrl: string } & (Name extends ServiceWithDatabase
  ? { databaseUrl: string }
  : object) &
  (Name extends ServiceInRedis ? { redisUrl: string } : object);

/** With what each process opens the servers: a user of its own with the least rights, where the servers are ours. */
export type ServerAccess = { [Name in ServiceName]: Access<Name> } & {
  gateway: { natsUrl: string };
  /** What differs when all of them are one process, which has one variable for all services' Redis. */
  oneProcess: { redisUrl: string };
};

type Servers = Pick<ServersToStart, 'passwords' | 'given' | 'databases'>;

/** The Postgres role of a service, which owns its database and nothing else. */
const roleOf = (name: ServiceWithDatabase, { databases }: ServerPasswords) => ({
  role: databaseOf(name).databaseName,
  password: databases[name],
});

/** @param urls of the operator; those that are `given` are other people's servers, and used as they are */
export function asEachProcess(urls: ServerUrls, { passwords, given = {} }: Servers): ServerAccess {
  const natsUrl = (user: NatsUser) => given.natsUrl ?? asUser(urls.natsUrl, user, passwords.nats[user]);
  const redisUrl = (user: RedisUser) => given.redisUrl ?? asUser(urls.redisUrl, user, passwords.redis[user]);
  const databaseUrl = (name: ServiceWithDatabase) =>
    given[`${name}DatabaseUrl`] ??
    // One that nobody needs, beside a Postgres that is not ours, has no address.
    (urls[`${name}DatabaseUrl`] === '' ? '' : asRole(urls[`${name}DatabaseUrl`], roleOf(name, passwords)));
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
 * Gives the databases of a Postgres of ours to the roles of their services; other people's are left as they are. To be
 * done when they have been migrated, which makes them.
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

/** As which of its services the one process opens the database of its bus. */
export const OPENS_THE_STREAMS = 'user' satisfies ServiceWithDatabase;

/** The bus inside the process has a database of its own on the same server. */
export function eventsDatabaseBeside(databaseUrl: string): string {
  // Of several servers as well, which are no URL.
  return databaseUrl.replace(/^([a-z]+:\/\/[^/?]*)(?:\/[^?]*)?/, '$1/kith_events');
}
