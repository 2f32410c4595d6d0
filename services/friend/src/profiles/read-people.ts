import type { PersonData } from '@kith/event-contracts';
import type pg from 'pg';
import { PERSON_COLUMNS, type PersonRow, personDataOf } from '../rows/profile-row.ts';

const PEOPLE = `SELECT ${PERSON_COLUMNS} FROM profile WHERE user_id = ANY($1::uuid[])`;

/** The copied profiles of these people, by id; one statement, none when there is nobody to look up. */
export async function readPeople(pool: pg.Pool, userIds: readonly string[]): Promise<Map<string, PersonData>> {
  if (userIds.length === 0) return new Map();
  const { rows } = await pool.query<PersonRow>({
    name: 'people-by-id',
    text: PEOPLE,
    values: [[...new Set(userIds)]],
  });
  return new Map(rows.map((row) => [row.user_id, personDataOf(row)]));
}
