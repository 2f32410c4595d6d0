import { allContracts } from '@kith/event-contracts';
import { type HttpHandler, KithError, readJsonBody, sendJson } from '@kith/service-kit';
import type pg from 'pg';
import { v7 as newId } from 'uuid';
import { z } from 'zod';
import { testEvent } from '../consumers/queue-events.ts';
import { readDeliveries } from '../deliveries/read-log.ts';
import { redriveDeliveries } from '../deliveries/settle-delivery.ts';
import type { Attempt } from '../domain/after-an-attempt.ts';
import type { Allowed } from '../domain/endpoint-url.ts';
import { readPatterns } from '../domain/event-pattern.ts';
import { WebhookRefused } from '../domain/webhook-refused.ts';
import {
  addEndpoint,
  findEndpoint,
  listEndpoints,
  pauseEndpoint,
  removeEndpoint,
  resumeEndpoint,
  rotateSecret,
  type Secrets,
} from '../endpoints/endpoint-rows.ts';
import type { Resolve } from '../sending/guarded-connections.ts';
import { resolveEndpointUrl } from '../sending/resolve-endpoint-url.ts';
import type { Message } from '../sending/send-signed.ts';
import { readAs, readQueryAs } from './read-request.ts';

const MOST_ENDPOINTS = 100;
const DELIVERIES_A_PAGE = 100;

const EVENT_NAMES = allContracts.map(({ name }) => name);

const idSchema = z.uuid({ error: 'is no id of an endpoint: kith webhooks list names them' });
const addSchema = z.strictObject({ url: z.string(), events: z.array(z.string()).default(['*']) });
const oneSchema = z.strictObject({ endpoint: idSchema });
const redriveSchema = z
  .strictObject({
    endpoint: idSchema,
    all: z.literal(true).optional(),
    deliveries: z.array(z.int().positive()).min(1).max(10_000).optional(),
  })
  .refine(({ all, deliveries }) => (all === true) !== (deliveries !== undefined), {
    path: ['deliveries'],
    error: 'say which deliveries, or {"all":true}',
  });
const logSchema = z.strictObject({
  endpoint: idSchema.optional(),
  state: z.enum(['pending', 'delivered', 'dead']).optional(),
  before: z.coerce.number().int().positive().optional(),
});

export interface WebhookRouteParts {
  readonly pool: pg.Pool;
  readonly retryForMs: number;
  readonly allowed: Allowed;
  readonly resolve: Resolve;
  readonly now: () => Date;
  /** Something about endpoints has changed. */
  readonly changed: () => void;
  /** Sends one message now, past the queue. */
  readonly sendNow: (message: Message, url: URL, secrets: Secrets) => Promise<Attempt>;
}

/**
 * The operator's side of webhooks. Bodies and answers are JSON; what is wrong with a request is 400 with `extensions.code`
 * and `extensions.field`, and changes nothing.
 *
 * - `GET /operator/webhooks` → `{"endpoints":[…]}`, without secrets
 * - `POST /operator/webhooks` `{url,events?}` → the endpoint, with its secret
 * - `POST /operator/webhooks/remove`, `/pause`, `/resume` `{endpoint}` → `{"done":true}`
 * - `POST /operator/webhooks/rotate-secret` `{endpoint}` → `{"secret"}`
 * - `GET /operator/webhooks/deliveries?endpoint=&state=&before=` → `{"deliveries":[…]}`, newest first
 * - `POST /operator/webhooks/redrive` `{endpoint,deliveries}` or `{endpoint,all:true}` → `{"redriven":n}`
 * - `POST /operator/webhooks/test` `{endpoint}` → what came of one message, sent at once
 */
export function webhookRoutes(parts: WebhookRouteParts): Record<string, HttpHandler> {
  const routes: Record<string, HttpHandler> = { ...changingRoutes(parts), ...sendingRoutes(parts) };
  return Object.fromEntries(Object.entries(routes).map(([path, handle]) => [path, explaining(handle)]));
}

function changingRoutes({
  pool,
  retryForMs,
  allowed,
  resolve,
  changed,
}: WebhookRouteParts): Record<string, HttpHandler> {
  const toOne =
    (change: (id: string) => Promise<boolean>): HttpHandler =>
    async (request, response) => {
      const { endpoint } = readAs(oneSchema, await readJsonBody(request));
      if (!(await change(endpoint))) throw noSuchEndpoint();
      changed();
      sendJson(response, 200, { done: true });
    };
  return {
    'GET /operator/webhooks': async (_request, response) => {
      sendJson(response, 200, { endpoints: await listEndpoints(pool) });
    },
    'POST /operator/webhooks': async (request, response) => {
      const { url: text, events } = readAs(addSchema, await readJsonBody(request));
      const patterns = readPatterns(events, EVENT_NAMES);
      const url = await resolveEndpointUrl(text, allowed, resolve);
      if ((await listEndpoints(pool)).length >= MOST_ENDPOINTS) {
        throw new WebhookRefused('endpoint', `There are ${MOST_ENDPOINTS} endpoints: remove one first.`);
      }
      const endpoint = await addEndpoint(pool, { url: url.href, events: patterns });
      changed();
      sendJson(response, 200, endpoint);
    },
    'POST /operator/webhooks/remove': toOne((id) => removeEndpoint(pool, id)),
    'POST /operator/webhooks/pause': toOne((id) => pauseEndpoint(pool, id)),
    'POST /operator/webhooks/resume': toOne((id) => resumeEndpoint(pool, id, retryForMs)),
    'POST /operator/webhooks/rotate-secret': async (request, response) => {
      const { endpoint } = readAs(oneSchema, await readJsonBody(request));
      const secret = await rotateSecret(pool, endpoint);
      if (secret === undefined) throw noSuchEndpoint();
      sendJson(response, 200, { secret });
    },
  };
}

function sendingRoutes({ pool, retryForMs, sendNow, now }: WebhookRouteParts): Record<string, HttpHandler> {
  return {
    'GET /operator/webhooks/deliveries': async (request, response) => {
      const { endpoint: endpointId, ...filter } = readQueryAs(logSchema, request);
      if (endpointId !== undefined && !(await findEndpoint(pool, endpointId))) throw noSuchEndpoint();
      const deliveries = await readDeliveries(pool, { endpointId, ...filter, atMost: DELIVERIES_A_PAGE });
      sendJson(response, 200, { deliveries });
    },
    'POST /operator/webhooks/redrive': async (request, response) => {
      const { endpoint, deliveries: ids } = readAs(redriveSchema, await readJsonBody(request));
      if (!(await findEndpoint(pool, endpoint))) throw noSuchEndpoint();
      sendJson(response, 200, { redriven: await redriveDeliveries(pool, endpoint, { ids, retryForMs }) });
    },
    'POST /operator/webhooks/test': async (request, response) => {
      const { endpoint } = readAs(oneSchema, await readJsonBody(request));
      const found = await findEndpoint(pool, endpoint);
      if (!found) throw noSuchEndpoint();
      const event = testEvent(newId(), now());
      const made = await sendNow({ id: event.eventId, body: event.body }, new URL(found.url), found.secrets);
      sendJson(response, 200, { webhookId: event.eventId, ...made });
    },
  };
}

const noSuchEndpoint = () =>
  new WebhookRefused('endpoint', 'There is no such endpoint: kith webhooks list names those there are.');

const explaining =
  (handle: HttpHandler): HttpHandler =>
  async (request, response) => {
    try {
      await handle(request, response);
    } catch (error) {
      if (!(error instanceof WebhookRefused)) throw error;
      throw new KithError(error.code, error.message, { field: error.field }, { cause: error });
    }
  };
