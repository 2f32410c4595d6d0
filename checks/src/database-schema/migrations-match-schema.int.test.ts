import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool } from '@kith/service-kit';
import { WITH_DATABASE } from '@kith/services';
import { expect, test } from 'vitest';
import { compareWithPrismaSchema } from './compare-with-prisma-schema.ts';

const log = createLog({ name: 'test', level: 'silent' });

test.each(WITH_DATABASE)('what the migrations of %s make is what its schema.prisma says', async (service) => {
  const database = await createTestDatabase(service);
  const pool = createPool({ url: database.url, name: 'test', log });
  await forgetIncludedColumns(pool);
  expect(await compareWithPrismaSchema(database.url, service, log)).toBeNull();

  await pool.query('ALTER TABLE inbox ADD COLUMN forgotten text');
  await pool.end();
  expect(await compareWithPrismaSchema(database.url, service, log)).toContain('forgotten');
  await database.drop();
});

/** Prisma's schema language does not know INCLUDE, and its engine takes the columns for columns of the key. */
async function forgetIncludedColumns(pool: ReturnType<typeof createPool>): Promise<void> {
  const { rows } = await pool.query<{ table: string; name: string; key: string }>(
    `SELECT conrelid::regclass::text AS table, conname AS name,
       regexp_replace(pg_get_constraintdef(pg_constraint.oid), ' INCLUDE .*$', '') AS key
     FROM pg_constraint JOIN pg_index ON indexrelid = conindid WHERE contype = 'p' AND indnatts > indnkeyatts`,
  );
  for (const { table, name, key } of rows) {
    await pool.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}, ADD CONSTRAINT ${name} ${key}`);
  }
}
