import { readFileSync } from 'node:fs';
import { readPostgresAddress } from '@kith/event-delivery';
import { z } from 'zod';
import { hostToListenAt } from '../http/host-in-url.ts';
import { readRedisUrl } from './redis-address.ts';

/** A variable is missing or cannot be used; the message names it. */
export class ConfigError extends Error {
  readonly variable: string;
  constructor(variable: string, message: string) {
    super(`${variable}: ${message}`);
    this.name = 'ConfigError';
    this.variable = variable;
  }
}

/**
 * Reads a process's configuration from the environment. An empty variable counts as unset. Throws ConfigError for the
 * first bad value.
 */
export function parseConfig<Schema extends z.ZodObject>(schema: Schema, env = process.env): z.output<Schema> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(set);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const variable = String(issue?.path[0] ?? 'configuration');
  throw new ConfigError(variable, variable in set ? String(issue?.message) : 'is required and not set');
}

const isUrlWith = (protocols: string[], text: string) =>
  URL.canParse(text) && protocols.includes(new URL(text).protocol.slice(0, -1));

const urlWith = (...protocols: string[]) =>
  z.string().refine((text) => isUrlWith(protocols, text), {
    error: `must be a URL that starts with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
  });

/** One server or several, separated by commas; those without a scheme use the scheme of the first. */
const natsUrls = z.string().refine(
  (text) => {
    const [first = '', ...others] = text.split(',').map((part) => part.trim());
    const whole = others.map((part) => (part.includes('://') ? part : `nats://${part}`));
    return [first, ...whole].every((url) => isUrlWith(['nats', 'tls'], url));
  },
  { error: 'must be URLs as nats://user:password@host:4222 (or tls://), percent-encoded and separated by commas' },
);

const redisUrl = z.string().superRefine((text, context) => {
  try {
    readRedisUrl(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

const postgresUrls = z.string().superRefine((text, context) => {
  try {
    readPostgresAddress(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
  }
});

/** Reads the text of a PEM file: certificates or a key. */
const pemFile = z.string().transform((file, context) => {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.includes('\n-----END ')) return text;
    context.addIssue({ code: 'custom', message: `${file} is no PEM file (-----BEGIN …)` });
  } catch (error) {
    context.addIssue({ code: 'custom', message: `the file cannot be read (${(error as Error).message})` });
  }
  return z.NEVER;
});

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, { error: `must be a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: `must be a whole number from ${min} to ${max}` });

/** The keys of a variable: one, or several, separated by commas, while it is rotated. */
export function secretsIn(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

/** The fields that processes share: build a schema with `z.object({ PORT: configFields.port, … })`. */
export const configFields = {
  /** 0 takes a free one. */
  port: wholeNumber(0, 65_535),
  /** Loopback unless told otherwise. */
  host: z.string().transform(hostToListenAt).default('127.0.0.1'),
  httpUrl: urlWith('http', 'https').transform((text) => text.replace(/\/+$/, '')),
  /** The replicas of one service, separated by commas. */
  httpUrls: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim().replace(/\/+$/, '')))
    .refine((urls) => urls.every((url) => isUrlWith(['http', 'https'], url)), {
      error: 'must be a URL that starts with http:// or https://, or several, separated by commas',
    }),
  /** One server or several, separated by commas. */
  postgresUrl: postgresUrls,
  preparedStatements: z.enum(['on', 'off', 'auto'], { error: 'must be on, off or auto' }).default('auto'),
  /** How far a read replica may be behind. */
  replicaLagMs: wholeNumber(100, 60_000).default(1_000),
  natsUrl: natsUrls,
  redisUrl,
  pemFile,
  eventBus: z.enum(['jetstream', 'in-process'], { error: 'must be jetstream or in-process' }).default('jetstream'),
  onOrOff: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be one of trace, debug, info, warn, error, fatal, silent',
    })
    .default('info'),
  /** Where spans go: a collector's OTLP endpoint over HTTP, or a file to append to. */
  tracesTo: z.string().min(1).optional(),
  /** How long a service goes on serving after it has announced its stop. */
  stopNoticeMs: wholeNumber(0, 60_000).default(0),
  /** A duration in whole seconds, at least 1, at most ten years. */
  seconds: wholeNumber(1, 315_360_000),
  /** A key that processes share, of at least 16 characters; several, separated by commas, while it is rotated. */
  secrets: z
    .string()
    .transform(secretsIn)
    .refine((secrets) => secrets.every(({ length }) => length >= 16), {
      error: 'must have at least 16 characters; each of them, where there are several, separated by commas',
    }),
  wholeNumber,
} as const;
