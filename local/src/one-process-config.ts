import { configFields } from '@kith/service-kit';
import { z } from 'zod';
import { addressesOnRequest, addressVariables } from './system/variables-of-services.ts';

/** What `run-in-one-process.ts` needs besides the configuration of its services. */
export const oneProcessConfig = z.object({
  /** Where the bus keeps its streams. */
  EVENTS_DATABASE_URL: configFields.postgresUrl,
  ...addressVariables(configFields.httpUrl),
  ...addressesOnRequest(configFields.httpUrl.optional()),
  WEBHOOKS: configFields.onOrOff,
  LOG_LEVEL: configFields.logLevel,
  TRACES_TO: configFields.tracesTo,
});
