import { configFields, natsFields, streamFields } from '@kith/service-kit';
import { z } from 'zod';
import { BadRange, readRanges } from './domain/allowed-address.ts';

const { onOrOff, seconds, wholeNumber } = configFields;

const ranges = z
  .string()
  .default('')
  .transform((text, context) => {
    try {
      return readRanges(text);
    } catch (error) {
      if (!(error instanceof BadRange)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  });

/** The webhook process's environment; described in the README's table of configuration. */
export const webhookConfigSchema = z.object({
  HOST: configFields.host,
  PORT: configFields.port,
  METRICS_PORT: configFields.port.optional(),
  WEBHOOK_DATABASE_URL: configFields.postgresUrl,
  WEBHOOK_DATABASE_CONNECTIONS: wholeNumber(2, 200).default(8),
  PREPARED_STATEMENTS: configFields.preparedStatements,
  NATS_URL: configFields.natsUrl.default('nats://127.0.0.1:4222'),
  ...natsFields,
  ...streamFields,
  EVENT_BUS: configFields.eventBus,
  OPERATOR_KEY: configFields.secrets,
  WEBHOOK_ALLOW_HTTP: onOrOff,
  WEBHOOK_ALLOWED_RANGES: ranges,
  WEBHOOK_TIMEOUT_MS: wholeNumber(100, 15_000).default(10_000),
  WEBHOOK_RETRY_FIRST_MS: wholeNumber(10, 3_600_000).default(5_000),
  WEBHOOK_RETRY_FOR_S: seconds.default(86_400),
  WEBHOOK_LOG_DAYS: wholeNumber(1, 3_650).default(30),
  LOG_LEVEL: configFields.logLevel,
  TRACES_TO: configFields.tracesTo,
});

export type WebhookConfig = z.output<typeof webhookConfigSchema>;
