import { configFields } from '@kith/service-kit';
import { z } from 'zod';
import { queryLimitFields } from '../limits/query-limits.ts';

const { wholeNumber } = configFields;
const count = (byDefault: number) => wholeNumber(1, 10_000_000).default(byDefault);

/** What the gateway lets in, and how much of it; described in the README's table of configuration. */
export const edgeFields = {
  /** Web sites that may use the gateway beside its own: exact origins, separated by commas; `*` for any. */
  ALLOWED_ORIGINS: z.string().default(''),
  /** Whose `X-Forwarded-For` and `X-Forwarded-Host` are believed: addresses, ranges, `loopback`, `linklocal`, `uniquelocal`. */
  TRUSTED_PROXIES: z.string().default(''),
  SOCKETS_PER_USER: count(50),
  SOCKETS_PER_ADDRESS: count(2_000),
  OPERATIONS_PER_SOCKET: count(50),
  SUBGRAPH_TIMEOUT_MS: count(2_500),
  OPERATION_TIMEOUT_MS: count(2_900),
  OPERATIONS_AT_ONCE: count(200),
  OPERATIONS_AT_ONCE_AT_LEAST: count(16),
  OPERATIONS_WAITING: count(400),
  OPERATION_WAITS_AT_MOST_MS: count(250),
  LOOP_DELAY_AT_MOST_MS: count(200),
  DEAR_OPERATIONS_AT_ONCE: count(8),
  DEAR_OPERATIONS_PER_PERSON: count(4),
  TRUSTED_DOCUMENTS: z.enum(['only', 'prefer', 'off'], { error: 'must be only, prefer or off' }).default('off'),
  TRUSTED_DOCUMENTS_FILE: z.string().optional(),
  ...queryLimitFields,
};

export type EdgeConfig = z.output<z.ZodObject<typeof edgeFields>>;
