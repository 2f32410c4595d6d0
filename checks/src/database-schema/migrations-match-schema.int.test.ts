import { createTestDatabase } from '@kith/migrations';
import { createLog, createPool } from '@kith/service-kit';
import { WITH_DATABASE } from '@kith/services';
import { expect, test } from 'vitest';
import { compareWithPrismaSchema } from './compare-with-prisma-schema.ts';

const log = createLog({ name: 'test', level: 'silent' });

test.each(WITH_DATABASE)('what the migrations of %s make is what its schema.prisma says', async (service) => {
  const database = await createTestDatabase(service);
  expect(await compareWithPrismaSchema(database.url, service, log)).toBeNull();

  const pool = createPool({ url: database.url, name: 'test', log });
  await pool.query('ALTER TABLE inbox ADD COLUMN forgotten text');
  await pool.end();
  expect(await compareWithPrismaSchema(database.url, service, log)).toContain('forgotten');
  await database.drop();
});
