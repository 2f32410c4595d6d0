import { configFields } from '@kith/service-kit';
import { z } from 'zod';

/** What `migrate-databases.ts` needs. */
export const migrateConfig = z.object({
  USER_DATABASE_URL: configFields.postgresUrl,
  FRIEND_DATABASE_URL: configFields.postgresUrl,
});

/** What `seed-when-empty.ts` needs. */
export const seedConfig = migrateConfig.extend({
  USER_URL: configFields.httpUrl,
  FRIEND_URL: configFields.httpUrl,
  OPERATOR_KEY: configFields.secret,
  /** A folder that outlives the container: an interrupted seeding is finished the next time. */
  KITH_DATA: z.string().min(1),
});
