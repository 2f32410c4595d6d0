import { configFields, natsFields, streamFields } from '@kith/service-kit';
import { z } from 'zod';

const { seconds, wholeNumber } = configFields;

/** The environment of the user process, described in the README's table of configuration. */
export const userConfigSchema = z.object({
  HOST: configFields.host,
  PORT: configFields.port,
  METRICS_PORT: configFields.port.optional(),
  USER_DATABASE_URL: configFields.postgresUrl,
  USER_DATABASE_CONNECTIONS: wholeNumber(2, 200).default(12),
  USER_DATABASE_READ_URL: configFields.postgresUrl.optional(),
  READ_REPLICA_LAG_MS: configFields.replicaLagMs,
  PREPARED_STATEMENTS: configFields.preparedStatements,
  NATS_URL: configFields.natsUrl.default('nats://127.0.0.1:4222'),
  ...natsFields,
  ...streamFields,
  /** Where wrong passwords are counted for all processes together; without it each process counts by itself. */
  REDIS_URL: configFields.redisUrl.optional(),
  REDIS_CA_FILE: configFields.pemFile.optional(),
  REDIS_CERT_FILE: configFields.pemFile.optional(),
  REDIS_KEY_FILE: configFields.pemFile.optional(),
  EVENT_BUS: configFields.eventBus,
  /** The friend service, which knows who blocks whom; without it a search hides nobody. */
  FRIEND_URL: configFields.httpUrls.optional(),
  GATEWAY_KEY: configFields.secrets,
  OPERATOR_KEY: configFields.secrets,
  SIGNING_KEY_FILE: z.string().min(1),
  ACCESS_TOKEN_TTL_S: seconds.default(900),
  REFRESH_TOKEN_TTL_S: seconds.default(30 * 24 * 3600),
  REFRESH_GRACE_S: wholeNumber(0, 3_600).default(30),
  SIGN_IN_FAILURES_PER_ACCOUNT: wholeNumber(1, 1_000_000).default(10),
  SIGN_IN_FAILURES_PER_ADDRESS: wholeNumber(1, 1_000_000).default(100),
  SIGN_IN_WINDOW_S: seconds.default(900),
  STOP_NOTICE_MS: configFields.stopNoticeMs,
  LOG_LEVEL: configFields.logLevel,
  TRACES_TO: configFields.tracesTo,
});

export type UserConfig = z.output<typeof userConfigSchema>;
