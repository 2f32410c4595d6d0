import { configFields, natsFields, streamFields } from '@kith/service-kit';
import { z } from 'zod';

const { wholeNumber } = configFields;

/** The environment of this process; told of in the README. */
export const circlesConfigSchema = z.object({
  HOST: configFields.host,
  PORT: configFields.port.default(4201),
  CIRCLES_DATABASE_URL: configFields.postgresUrl,
  CIRCLES_DATABASE_CONNECTIONS: wholeNumber(2, 200).default(12),
  NATS_URL: configFields.natsUrl.default('nats://127.0.0.1:4222'),
  ...natsFields,
  ...streamFields,
  USER_URL: configFields.httpUrls,
  GATEWAY_KEY: configFields.secrets,
  MEMBERS_PER_CIRCLE: wholeNumber(1, 10_000).default(10_000),
  CIRCLES_PER_PERSON: wholeNumber(1, 10_000).default(500),
  STOP_NOTICE_MS: configFields.stopNoticeMs,
  LOG_LEVEL: configFields.logLevel,
  TRACES_TO: configFields.tracesTo,
});

export type CirclesConfig = z.output<typeof circlesConfigSchema>;
