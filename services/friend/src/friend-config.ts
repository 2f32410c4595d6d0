import type { AnnouncementForm } from '@kith/event-contracts';
import { configFields, natsFields, streamFields } from '@kith/service-kit';
import { z } from 'zod';
import { DEFAULT_LIMITS } from './domain/relationship-state.ts';

const { wholeNumber, seconds } = configFields;

/** The friend process's environment; docs in the README's table of configuration. */
export const friendConfigSchema = z.object({
  HOST: configFields.host,
  PORT: configFields.port,
  METRICS_PORT: configFields.port.optional(),
  FRIEND_DATABASE_URL: configFields.postgresUrl,
  FRIEND_DATABASE_CONNECTIONS: wholeNumber(2, 200).default(16),
  FRIEND_DATABASE_READ_URL: configFields.postgresUrl.optional(),
  READ_REPLICA_LAG_MS: configFields.replicaLagMs,
  PREPARED_STATEMENTS: configFields.preparedStatements,
  REDIS_URL: configFields.redisUrl,
  REDIS_CA_FILE: configFields.pemFile.optional(),
  REDIS_CERT_FILE: configFields.pemFile.optional(),
  REDIS_KEY_FILE: configFields.pemFile.optional(),
  NATS_URL: configFields.natsUrl.default('nats://127.0.0.1:4222'),
  ...natsFields,
  ...streamFields,
  EVENT_BUS: configFields.eventBus,
  USER_URL: configFields.httpUrls,
  GATEWAY_KEY: configFields.secrets,
  OPERATOR_KEY: configFields.secrets,
  STOP_NOTICE_MS: configFields.stopNoticeMs,
  LOG_LEVEL: configFields.logLevel,
  TRACES_TO: configFields.tracesTo,
  FRIENDS_PER_LIST: wholeNumber(1, 100_000).default(DEFAULT_LIMITS.friendsPerList),
  OPEN_REQUESTS_PER_USER: wholeNumber(1, 10_000).default(DEFAULT_LIMITS.openRequestsPerUser),
  /** 1 while there are gateways of the version before (docs/decisions/0049). */
  ANNOUNCEMENT_FORM: z
    .enum(['1', '2'], { error: 'must be 1 or 2' })
    .default('2')
    .transform((form): AnnouncementForm => (form === '1' ? 1 : 2)),
  ASK_AGAIN_AFTER_S: seconds.default(DEFAULT_LIMITS.askAgainAfterMs / 1000),
});

export type FriendConfig = z.output<typeof friendConfigSchema>;
