import type { SqlConnection } from '@kith/event-delivery';
import type { Role } from '../contracts/circle-events.ts';
import type { CircleState, Member } from '../rules/circle.ts';

export interface CircleRow {
  readonly id: string;
  readonly name: string;
  readonly memberCount: number;
}

export interface MemberRow {
  readonly circle_id: string;
  readonly user_id: string;
  readonly role: Role;
  readonly joined_at: Date;
}

export const memberOf = ({ user_id: userId, role, joined_at: joinedAt }: MemberRow): Member => ({
  userId,
  role,
  joinedAt,
});

/** These circles, by id; those that are not there are missing. */
export async function readCircles(sql: SqlConnection, ids: readonly string[]): Promise<Map<string, CircleRow>> {
  const { rows } = await sql.query<{ id: string; name: string; member_count: number }>(
    'SELECT id, name, member_count FROM circle WHERE id = ANY($1::uuid[])',
    [ids],
  );
  return new Map(rows.map(({ id, name, member_count: memberCount }) => [id, { id, name, memberCount }]));
}

/** For each pair whether that person is in that circle, and as what: one statement for all. */
export async function readRoles(
  sql: SqlConnection,
  pairs: readonly { circleId: string; userId: string }[],
): Promise<(Role | null)[]> {
  const { rows } = await sql.query<{ role: Role | null }>(
    `SELECT role FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (circle_id, user_id, place)
     LEFT JOIN circle_member USING (circle_id, user_id) ORDER BY place`,
    [pairs.map(({ circleId }) => circleId), pairs.map(({ userId }) => userId)],
  );
  return rows.map(({ role }) => role);
}

/** Members of a circle by the id of the person, from the one after `after`. */
export async function readMembers(
  sql: SqlConnection,
  circleId: string,
  { after, first }: { after?: string | undefined; first?: number | undefined } = {},
): Promise<Member[]> {
  const { rows } = await sql.query<MemberRow>(
    `SELECT circle_id, user_id, role, joined_at FROM circle_member
     WHERE circle_id = $1 AND ($2::uuid IS NULL OR user_id > $2) ORDER BY user_id LIMIT $3::int`,
    [circleId, after ?? null, first ?? null],
  );
  return rows.map(memberOf);
}

export interface CircleOfPerson {
  readonly circleId: string;
  readonly name: string;
  readonly role: Role;
  readonly joinedAt: Date;
}

/** The circles that a person is in, by id, from the one after `after`; with `sharedWith`, those that the other is in too. */
export async function readCirclesOf(
  sql: SqlConnection,
  userId: string,
  {
    sharedWith,
    after,
    first,
  }: { sharedWith?: string | undefined; after?: string | undefined; first?: number | undefined } = {},
): Promise<CircleOfPerson[]> {
  const { rows } = await sql.query<MemberRow & { name: string }>(
    `SELECT circle_id, user_id, role, joined_at, name FROM circle_member AS member JOIN circle ON circle.id = circle_id
     WHERE user_id = $1 AND ($2::uuid IS NULL OR EXISTS (
       SELECT FROM circle_member AS shared WHERE shared.circle_id = circle.id AND shared.user_id = $2))
       AND ($4::uuid IS NULL OR circle_id > $4)
     ORDER BY circle_id LIMIT $3::int`,
    [userId, sharedWith ?? null, first ?? null, after ?? null],
  );
  return rows.map(({ circle_id: circleId, name, role, joined_at: joinedAt }) => ({ circleId, name, role, joinedAt }));
}

/** The circle as a command about these people decides by it, locked until the transaction ends. Undefined: there is none. */
export async function lockCircle(
  sql: SqlConnection,
  circleId: string,
  userIds: readonly string[],
): Promise<CircleState | undefined> {
  const { rows } = await sql.query<{ name: string; member_count: number; owner_count: number }>(
    'SELECT name, member_count, owner_count FROM circle WHERE id = $1 FOR UPDATE',
    [circleId],
  );
  const [circle] = rows;
  if (!circle) return undefined;
  const { rows: named } = await sql.query<MemberRow>(
    'SELECT circle_id, user_id, role, joined_at FROM circle_member WHERE circle_id = $1 AND user_id = ANY($2::uuid[])',
    [circleId, userIds],
  );
  const { rows: heirs } = await sql.query<MemberRow>(
    `SELECT circle_id, user_id, role, joined_at FROM circle_member
     WHERE circle_id = $1 AND role <> 'OWNER' ORDER BY role <> 'ADMIN', joined_at, user_id LIMIT 1`,
    [circleId],
  );
  return {
    id: circleId,
    name: circle.name,
    memberCount: circle.member_count,
    ownerCount: circle.owner_count,
    members: new Map(named.map((row) => [row.user_id, memberOf(row)])),
    heir: heirs[0] && memberOf(heirs[0]),
  };
}
