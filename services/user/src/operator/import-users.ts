import { type HttpHandler, KithError, readBodyAs, sendJson } from '@kith/service-kit';
import type pg from 'pg';
import { z } from 'zod';
import { User } from '../domain/user.ts';
import { SHORTEST_IMPORTED_USERNAME, writtenPassword } from '../domain/written-text.ts';
import { translateUserError } from '../graphql/translate-user-error.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';

const MAX_USERS = 1_000;

const bodySchema = z
  .object({
    usernames: z.array(z.string()).min(1).max(MAX_USERS),
    nicknames: z.array(z.string()).optional(),
    password: z.string(),
  })
  .refine(({ usernames, nicknames }) => nicknames === undefined || nicknames.length === usernames.length, {
    path: ['nicknames'],
    error: 'must be as many as usernames',
  });

type UsersToImport = z.output<typeof bodySchema>;

const EXISTING = 'SELECT id, username FROM users WHERE username = ANY($1::text[])';
const ADD = `
  INSERT INTO users (id, username, nickname, password_hash, version, created_at)
  SELECT *, $4, 1, $5 FROM unnest($1::uuid[], $2::text[], $3::text[])
  ON CONFLICT (username) DO NOTHING RETURNING id`;

interface Named {
  readonly id: string;
  readonly username: string;
}

/** `POST /operator/import-users`. */
export function answerImportUsers(parts: UserServiceParts): HttpHandler {
  return async (request, response) => {
    const body = await readBodyAs(bodySchema, request, 'users', { limit: MAX_USERS });
    sendJson(response, 200, await importUsers(parts, body));
  };
}

/**
 * Makes the users whose names are free, all with one password (hashed once), and saves their events in the same
 * transaction. Returns them and the users who already existed, who stay unchanged. Idempotent. Every name follows the
 * rules of a sign-up, but may be shorter; otherwise KithError BAD_USER_INPUT, and no user is made.
 */
async function importUsers(
  parts: UserServiceParts,
  wanted: UsersToImport,
): Promise<{ created: number; users: { username: string; id: string }[] }> {
  const users = register(parts, wanted);
  const usernames = [...users.keys()];
  const known = new Set((await findByUsernames(parts.pool, usernames)).map(({ username }) => username));
  const missing = [...users.values()].filter(({ state }) => !known.has(state.profile.username));
  const created = missing.length === 0 ? [] : await save(parts, missing, await hashOnce(parts, wanted.password));
  return { created: created.length, users: await findByUsernames(parts.pool, usernames) };
}

/** By folded username: a name that appears twice is one user, as it first appeared. */
function register(parts: UserServiceParts, { usernames, nicknames }: UsersToImport): Map<string, User> {
  const users = usernames.map((username, index) => {
    const { now, newId } = parts.moment();
    const given = { id: newId(), username, nickname: nicknames?.[index] ?? username, avatarUrl: null };
    return refusedByName(username, () =>
      User.register({ ...given, shortestUsername: SHORTEST_IMPORTED_USERNAME }, { now, newId }),
    );
  });
  const byName = new Map<string, User>();
  for (const user of users) {
    const { username } = user.state.profile;
    if (!byName.has(username)) byName.set(username, user);
  }
  return byName;
}

async function save(parts: UserServiceParts, missing: readonly User[], passwordHash: string): Promise<User[]> {
  // Sorted, so that two imports of the same names lock in the same order and cannot deadlock.
  const users = missing.toSorted((a, b) => (a.state.profile.username < b.state.profile.username ? -1 : 1));
  return parts.inImport(async (unit) => {
    const states = users.map(({ state }) => state);
    const { rows } = await unit.sql.query<{ id: string }>(ADD, [
      states.map(({ id }) => id),
      states.map(({ profile }) => profile.username),
      states.map(({ profile }) => profile.nickname),
      passwordHash,
      parts.moment().now,
    ]);
    // A name may have been taken since the lookup: only users that were really made get events.
    const made = new Set(rows.map(({ id }) => id));
    const created = users.filter(({ state }) => made.has(state.id));
    for (const user of created) unit.enter(user);
    return created;
  });
}

async function findByUsernames(
  pool: pg.Pool,
  usernames: readonly string[],
): Promise<{ username: string; id: string }[]> {
  const { rows } = await pool.query<Named>(EXISTING, [usernames]);
  const idByName = new Map(rows.map(({ id, username }) => [username, id]));
  return usernames.flatMap((username) => {
    const id = idByName.get(username);
    return id === undefined ? [] : [{ username, id }];
  });
}

function hashOnce(parts: UserServiceParts, password: string): Promise<string> {
  return parts.passwords.hash(refusedByName('', () => writtenPassword('password', password)));
}

/** With a thousand names, the message must say which one was refused. */
function refusedByName<Result>(name: string, decide: () => Result): Result {
  try {
    return decide();
  } catch (error) {
    const known = translateUserError(error);
    if (!known) throw error;
    throw new KithError(known.code, name === '' ? known.message : `"${name}": ${known.message}`, known.extensions);
  }
}
