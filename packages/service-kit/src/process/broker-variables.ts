import { type connectBroker, type NatsCredentials, natsCredentialsIn, type StreamSettings } from '@kith/event-delivery';
import { z } from 'zod';

const file = z.string().min(1).optional();

/** Credentials of a process on NATS when NATS_URL has none: part of each process's schema. */
export const natsFields = {
  NATS_TOKEN: z.string().min(1).optional(),
  NATS_NKEY_SEED_FILE: file,
  NATS_CREDS_FILE: file,
  NATS_CA_FILE: file,
  NATS_CERT_FILE: file,
  NATS_KEY_FILE: file,
} as const;

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;
const BYTES = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 } as const;
/** The shortest retention: with less, a relay might publish an event again after its deduplication has ended. */
const SHORTEST_S = 3_600;
const LONGEST_S = 10 * 365 * SECONDS.d;
const SMALLEST_BYTES = BYTES.MiB;

/** `30d`, `12h`, `90m` or `7200s`, in milliseconds. */
const maxAge = z
  .string()
  .regex(/^(forever|\d{1,9}[smhd])$/, { error: 'must be a time as 30d, 12h, 90m or 7200s, or forever' })
  .transform((text) => {
    if (text === 'forever') return text;
    return Number(text.slice(0, -1)) * SECONDS[text.slice(-1) as keyof typeof SECONDS] * 1_000;
  })
  .refine((value) => value === 'forever' || (value >= SHORTEST_S * 1_000 && value <= LONGEST_S * 1_000), {
    error: 'must be from 1h to 3650d, or forever',
  });

const maxBytes = z
  .string()
  .regex(/^(unlimited|\d{1,15}([KMGT]iB)?)$/, {
    error: 'must be a number of bytes, KiB, MiB, GiB or TiB, or unlimited',
  })
  .transform((text) => {
    if (text === 'unlimited') return text;
    const [number = '', unit = ''] = text.split(/(?=[KMGT]iB)/);
    return Number(number) * BYTES[unit as keyof typeof BYTES];
  })
  .refine((value) => value === 'unlimited' || (value >= SMALLEST_BYTES && Number.isSafeInteger(value)), {
    error: 'must be from 1MiB to 8191TiB, or unlimited',
  });

/** The tags of servers, separated by commas. */
const tags = z
  .string()
  .transform((text) => text.split(',').map((tag) => tag.trim()))
  .refine((list) => list.every((tag) => /^[\w.:/-]+$/.test(tag)), {
    error: 'must be tags of servers, separated by commas',
  });

/** Settings of streams: part of the schema of each process that owns or consumes one. */
export const streamFields = {
  STREAM_REPLICAS: z.enum(['1', '3', '5'], { error: 'must be 1, 3 or 5' }).transform(Number).optional(),
  STREAM_MAX_AGE: maxAge.optional(),
  STREAM_MAX_BYTES: maxBytes.optional(),
  STREAM_PLACEMENT_TAGS: tags.optional(),
  STREAM_PARTITIONS: z
    .enum(['1', '2', '4', '8', '16'], { error: 'must be 1, 2, 4, 8 or 16' })
    .transform(Number)
    .optional(),
} as const;

type BrokerConfig = { readonly EVENT_BUS: 'jetstream' | 'in-process'; readonly NATS_URL: string } & Readonly<
  Partial<Record<keyof typeof natsFields, string | undefined>>
> & {
    readonly STREAM_REPLICAS?: number | undefined;
    readonly STREAM_MAX_AGE?: number | 'forever' | undefined;
    readonly STREAM_MAX_BYTES?: number | 'unlimited' | undefined;
    readonly STREAM_PLACEMENT_TAGS?: readonly string[] | undefined;
    readonly STREAM_PARTITIONS?: number | undefined;
  };

/** The options for `connectBroker` from the configuration of a process. */
export function brokerIn(config: BrokerConfig): Omit<Parameters<typeof connectBroker>[0], 'name' | 'log'> & {
  natsCredentials: NatsCredentials;
  streams: StreamSettings;
} {
  return {
    eventBus: config.EVENT_BUS,
    natsUrl: config.NATS_URL,
    natsCredentials: natsCredentialsIn(config),
    streams: {
      replicas: config.STREAM_REPLICAS,
      keepForMs: config.STREAM_MAX_AGE,
      maxBytes: config.STREAM_MAX_BYTES,
      placementTags: config.STREAM_PLACEMENT_TAGS,
      partitions: config.STREAM_PARTITIONS,
    },
  };
}
