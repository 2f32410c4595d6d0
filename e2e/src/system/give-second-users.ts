import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { SystemForTest } from './start-system-for-test.ts';

type Access = SystemForTest['access'];

const PASSWORD = 'rotated-to-this-password';
const SERVICES = ['user', 'friend'] as const;

/**
 * What an operator does on the servers to rotate what processes open them with: on NATS and Postgres each process gets a
 * second user with the rights of the first, in Redis its user a second password.
 */
export async function giveSecondUsers(
  system: SystemForTest,
): Promise<{ readonly access: Access; takeFirstAway(): Promise<void> }> {
  const nats = await secondUsersOfNats(system);
  const postgres = await secondRolesOfPostgres(system);
  const redis = await secondPasswordsOfRedis(system);
  const { gateway } = system.access;
  const secondOf = (name: (typeof SERVICES)[number]) => {
    const { natsUrl, databaseUrl, redisUrl } = system.access[name];
    return { natsUrl: asSecond(natsUrl), databaseUrl: asSecond(databaseUrl), redisUrl: withPassword(redisUrl) };
  };
  return {
    access: {
      ...system.access,
      user: secondOf('user'),
      friend: secondOf('friend'),
      gateway: { natsUrl: asSecond(gateway.natsUrl) },
    },
    async takeFirstAway() {
      await nats.takeFirstAway();
      await postgres.takeFirstAway();
      await redis.takeFirstAway();
    },
  };
}

const nameOfSecond = (user: string) => `${user}_2`;

function asSecond(url: string): string {
  const second = new URL(url);
  second.username = nameOfSecond(second.username);
  return withPassword(second.href);
}

function withPassword(url: string): string {
  const changed = new URL(url);
  changed.password = PASSWORD;
  return changed.href;
}

interface NatsUserEntry {
  readonly user: string;
  readonly password: string;
}

/** In its configuration, which it is told to read again: whoever is connected stays so. */
async function secondUsersOfNats({ kithData, nats }: SystemForTest) {
  const file = join(kithData, 'nats', 'nats.conf');
  const before = await readFile(file, 'utf8');
  const { users } = JSON.parse(before.replace(/^authorization: /, '')) as { users: NatsUserEntry[] };
  const isRotated = ({ user }: NatsUserEntry) => [...SERVICES, 'gateway'].some((name) => name === user);
  const seconds = users.filter(isRotated).map((entry) => {
    const { user } = entry;
    // Its replies come under its own name.
    const text = JSON.stringify({ ...entry, user: nameOfSecond(user), password: PASSWORD });
    return JSON.parse(text.replaceAll(`_INBOX.${user}.`, `_INBOX.${nameOfSecond(user)}.`)) as NatsUserEntry;
  });
  const log = join(kithData, 'logs', 'nats.log');
  const timesReloaded = async () => (await readFile(log, 'utf8')).split('Reloaded server configuration').length;
  const have = async (all: readonly NatsUserEntry[]) => {
    const times = await timesReloaded();
    await writeFile(file, `authorization: ${JSON.stringify({ users: all })}\n`);
    process.kill(nats.pid, 'SIGHUP');
    await eventually('NATS has read its users again', async () => (await timesReloaded()) > times);
  };
  await have([...users, ...seconds]);
  return { takeFirstAway: () => have([...users.filter((user) => !isRotated(user)), ...seconds]) };
}

/** A role that acts as the first: what it makes is the first's. */
async function secondRolesOfPostgres(system: SystemForTest) {
  const tell = async (statements: (role: string) => readonly string[]) => {
    const client = new pg.Client({ connectionString: system.userDatabaseUrl });
    await client.connect();
    try {
      for (const name of SERVICES)
        for (const statement of statements(new URL(system.access[name].databaseUrl).username))
          await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await tell((role) => [
    `CREATE ROLE ${nameOfSecond(role)} LOGIN PASSWORD '${PASSWORD}'`,
    `GRANT ${role} TO ${nameOfSecond(role)}`,
    `ALTER ROLE ${nameOfSecond(role)} SET ROLE ${role}`,
  ]);
  return { takeFirstAway: () => tell((role) => [`ALTER ROLE ${role} NOLOGIN`]) };
}

async function secondPasswordsOfRedis({ redisUrl, access }: SystemForTest) {
  const tell = async (ruleFor: (password: string) => string) => {
    const client = new Redis(redisUrl);
    try {
      for (const name of SERVICES) {
        const { username, password } = new URL(access[name].redisUrl);
        await client.call('ACL', 'SETUSER', username, ruleFor(password));
      }
    } finally {
      client.disconnect();
    }
  };
  await tell(() => `>${PASSWORD}`);
  return { takeFirstAway: () => tell((password) => `<${password}`) };
}
