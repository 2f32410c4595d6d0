import { configFields } from '@kith/service-kit';
import { z } from 'zod';
import { addressVariables, databaseVariables, serviceDatabaseVariables } from '../system/variables-of-services.ts';

const databases = z.object(databaseVariables(configFields.postgresUrl));

/** What `make-credentials.ts` needs: where the servers are, and a folder that outlives the container. */
export const credentialsConfig = databases.extend({
  NATS_URL: configFields.natsUrl,
  REDIS_URL: configFields.redisUrl,
  CREDENTIALS_FOLDER: z.string().min(1),
});

/** What `migrate-databases.ts` needs. */
export const migrateConfig = databases.extend({
  /** The URL by which the service opens its database: this role is created and made its owner. */
  ...serviceDatabaseVariables(configFields.postgresUrl.optional()),
});

/** What `seed-when-empty.ts` needs. */
export const seedConfig = databases.extend({
  ...addressVariables(configFields.httpUrl),
  OPERATOR_KEY: configFields.secrets,
  /** A folder that outlives the container: an interrupted seeding is finished the next time. */
  KITH_DATA: z.string().min(1),
});
