import { type NatsCredentials, natsCredentialsIn } from '@kith/event-delivery';
import { z } from 'zod';
import { type ServiceName, SHOP_SERVICES } from './shop-services.ts';

/** The variables of one service: `ORDER_DATABASE_URL`, `ORDER_PORT`. */
export const variablesOf = (name: ServiceName) => {
  const prefix = name.toUpperCase();
  return { databaseUrl: `${prefix}_DATABASE_URL`, port: `${prefix}_PORT` };
};

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'must be a URL that starts with postgres://' });
const port = z
  .string()
  .regex(/^\d{1,5}$/, { error: 'must be a port' })
  .transform(Number)
  .refine((value) => value <= 65_535, { error: 'must be a port' });

const busNameSchema = z.object({
  EVENT_BUS: z.enum(['jetstream', 'in-process'], { error: 'must be jetstream or in-process' }).default('jetstream'),
});
const sharedSchema = busNameSchema.extend({
  HOST: z.string().default('127.0.0.1'),
  NATS_URL: z.string().default('nats://127.0.0.1:4222'),
  PRODUCT_URL: z
    .url({ protocol: /^https?$/, error: 'must be a URL that starts with http:// or https://' })
    .default('http://127.0.0.1:8081'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});
const busSchema = z.object({ EVENTS_DATABASE_URL: postgresUrl });

export interface ShopConfig {
  readonly host: string;
  readonly eventBus: 'jetstream' | 'in-process';
  readonly natsUrl: string;
  readonly natsCredentials: NatsCredentials;
  readonly logLevel: string;
  /** Where the product service answers, without a slash at the end. */
  readonly productUrl: string;
  /** Of the bus inside the process: set when `eventBus` is that one. */
  readonly eventsDatabaseUrl: string | undefined;
  readonly services: ReadonlyMap<ServiceName, { readonly databaseUrl: string; readonly port: number }>;
}

/** EVENT_BUS alone; throws an Error that names it. */
export const readEventBus = (env: NodeJS.ProcessEnv) => read(busNameSchema, withoutEmpty(env)).EVENT_BUS;

/** Reads the variables of the named services; throws an Error that names the one that is missing or wrong. */
export function readShopConfig(names: readonly ServiceName[], env: NodeJS.ProcessEnv): ShopConfig {
  const set = withoutEmpty(env);
  const shared = read(sharedSchema, set);
  const services = SHOP_SERVICES.filter(({ name }) => names.includes(name)).map((service) => {
    const variables = variablesOf(service.name);
    const schema = z.object({
      [variables.databaseUrl]: postgresUrl,
      [variables.port]: port.default(service.port),
    });
    const values = read(schema, set);
    const config = { databaseUrl: values[variables.databaseUrl] as string, port: values[variables.port] as number };
    return [service.name, config] as const;
  });
  const inProcess = shared.EVENT_BUS === 'in-process';
  return {
    host: shared.HOST,
    eventBus: shared.EVENT_BUS,
    natsUrl: shared.NATS_URL,
    natsCredentials: natsCredentialsIn(set),
    logLevel: shared.LOG_LEVEL,
    productUrl: shared.PRODUCT_URL.replace(/\/+$/, ''),
    eventsDatabaseUrl: inProcess ? read(busSchema, set).EVENTS_DATABASE_URL : undefined,
    services: new Map(services),
  };
}

const withoutEmpty = (env: NodeJS.ProcessEnv) =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));

function read<Schema extends z.ZodObject>(schema: Schema, values: object): z.output<Schema> {
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const variable = String(issue?.path[0]);
  throw new Error(`${variable}: ${variable in values ? issue?.message : 'is required and not set'}`);
}
