import { openDatabase } from '../databases/open-database.ts';

const REVISIONS = 'SELECT owner_id, revision FROM live_list WHERE kind = $1 AND owner_id = ANY ($2)';
const MEMBERS = 'SELECT user_id, role, joined_at FROM circle_member WHERE circle_id = $1';
const OWN = `
  SELECT circle_id, name, role, joined_at FROM circle_member JOIN circle ON circle.id = circle_id WHERE user_id = $1`;

export type CircleDatabase = ReturnType<typeof openCircleDatabase>;

/** The database of the circles, read past the service: lists as its rows say, in the shape of `contents` of those seen. */
export function openCircleDatabase(url: string) {
  const pool = openDatabase(url, 4);
  return {
    /** By owner; of a list that nothing has ever happened to it is 0. */
    async revisions(kind: 'circle-members' | 'own-circles', ownerIds: readonly string[]): Promise<Map<string, number>> {
      const { rows } = await pool.query(REVISIONS, [kind, ownerIds]);
      const known = new Map(rows.map(({ owner_id, revision }) => [owner_id as string, Number(revision)]));
      return new Map(ownerIds.map((ownerId) => [ownerId, known.get(ownerId) ?? 0]));
    },
    async members(circleId: string) {
      const { rows } = await pool.query(MEMBERS, [circleId]);
      const members = rows.map((row) => ({ ...placeIn(row), user: { id: row.user_id as string } }));
      return { members: members.toSorted((a, b) => (a.user.id < b.user.id ? -1 : 1)) };
    },
    async ownCircles(userId: string) {
      const { rows } = await pool.query(OWN, [userId]);
      const circles = rows.map((row) => ({
        ...{ name: row.name as string, ...placeIn(row), circle: { id: row.circle_id as string } },
      }));
      return { circles: circles.toSorted((a, b) => (a.circle.id < b.circle.id ? -1 : 1)) };
    },
    close: () => pool.end(),
  };
}

const placeIn = ({ role, joined_at }: { role: string; joined_at: Date }) => ({
  role,
  joinedAt: joined_at.toISOString(),
});
