import type pg from 'pg';
import { z } from 'zod';
import type { EventBroker } from '../broker/broker.ts';
import { DEAD_STREAM } from '../broker/durable-names.ts';
import { readSettlements } from '../consumer/dead-letters/record-settlement.ts';
import {
  dropDeadLetters,
  listDeadLetters,
  redriveDeadLetters,
  type Settled,
} from '../consumer/dead-letters/settle-dead-letters.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { sendJson } from '../http/json-over-http.ts';
import { republish } from '../outbox/republish.ts';
import { dropSetAside, listSetAside, sendSetAside, showSetAside } from '../outbox/settle-set-aside.ts';
import { answering, type OperatorHandler, present, readBody, readQuery, startLines } from './answer-operator.ts';
import { readEventStatus } from './event-status.ts';
import { showEvents } from './show-events.ts';
import { tailEvents } from './tail-events.ts';

export interface EventRoutesOptions {
  readonly pool: pg.Pool;
  /** Asked for at each request: it may still be connecting. */
  readonly broker: () => Promise<EventBroker> | EventBroker;
  /** Named in the status: `kith/user`. */
  readonly source: string;
  /** What `tail` follows; the dead letters are added. */
  readonly streams: readonly StreamName[];
  readonly now?: () => Date;
}

/** Nothing is done to everything by leaving something out: `all` has to be said. */
const settleSchema = z
  .strictObject({
    all: z.literal(true).optional(),
    letters: z.array(z.int().positive()).min(1).max(10_000).optional(),
    consumer: z.string().optional(),
    ownerId: z.string().optional(),
    reason: z.string().optional(),
  })
  .refine(({ all, ...filter }) => (all === true) !== Object.values(filter).some((value) => value !== undefined), {
    error: 'say which: letters, consumer, ownerId or reason; or {"all":true}',
  });

const republishSchema = z
  .object({
    since: z.iso.datetime({ offset: true }).optional(),
    owners: z.array(z.string().min(1)).min(1).max(1_000).optional(),
  })
  .refine(({ since, owners }) => since !== undefined || owners !== undefined, { error: 'say since, owners, or both' });

/** Its own events, or letters of any: by place in the outbox, by owner, or all of them. */
const setAsideSchema = z
  .strictObject({
    all: z.literal(true).optional(),
    outboxIds: z.array(z.int().positive()).min(1).max(10_000).optional(),
    owners: z.array(z.string().min(1)).min(1).max(10_000).optional(),
  })
  .refine(({ all, ...filter }) => (all === true) !== Object.values(filter).some((value) => value !== undefined), {
    error: 'say outboxIds or owners; or {"all":true}',
  });

/**
 * The operator's side of event delivery, for any HTTP server: mount each by its method and path, behind the operator's
 * key. Bodies and answers are JSON, lists are NDJSON.
 *
 * - `GET /operator/events/status`: outbox, streams, consumers, dead letters
 * - `GET /operator/events/tail?stream=&type=&owner=`: what is published from now on
 * - `GET /operator/events/dead?consumer=&owner=&reason=&letter=`: dead letters, in their owners' order
 * - `GET /operator/events/dead/history`: what was done about dead letters
 * - `POST /operator/events/dead/redrive`, `POST /operator/events/dead/drop`: `{letters?,consumer?,ownerId?,reason?}` or
 *   `{"all":true}`; a line for each letter with its `outcome`
 * - `GET /operator/events/outbox?id=`: events that no broker took, with what waits behind them; one of them with its data
 * - `POST /operator/events/outbox/send`: `{outboxIds?,owners?}` or `{"all":true}` → `{"sent":n}`
 * - `POST /operator/events/outbox/drop`: the same → `{"dropped":[outboxId]}`
 * - `GET /operator/events/show?owner=&kind=&type=&since=&until=&after=&limit=`: events of outbox and archive, a line each,
 *   and last `{"next":cursor}`, null behind the last of them
 * - `GET /operator/events/streams`: what of streams and durables is otherwise than configured
 * - `POST /operator/events/streams/apply`: makes it as configured → what became of each
 * - `POST /operator/events/republish`: `{since?,owners?}` → `{"republished":n}`
 */
export function eventRoutes(options: EventRoutesOptions): Record<string, OperatorHandler> {
  const { pool, source, streams, now } = options;
  const presentBroker = async () => present(await options.broker());

  async function settle(
    request: Parameters<OperatorHandler>[0],
    response: Parameters<OperatorHandler>[1],
    how: typeof redriveDeadLetters,
  ): Promise<void> {
    const { all: _all, ...filter } = await readBody(request, settleSchema);
    const broker = await presentBroker();
    const write = startLines(response);
    for await (const settled of how(broker, filter, now)) await write(lineOf(settled));
    response.end();
  }

  const routes: Record<string, OperatorHandler> = {
    'GET /operator/events/status': async (_request, response) => {
      sendJson(response, 200, await readEventStatus({ pool, broker: await options.broker(), source }));
    },
    'GET /operator/events/tail': async (request, response) => {
      const schema = z.object({ stream: z.string(), type: z.string(), owner: z.string() }).partial();
      const filter = readQuery(request, schema);
      tailEvents(await presentBroker(), [...streams, DEAD_STREAM], filter, response);
    },
    'GET /operator/events/dead': async (request, response) => {
      const { owner, letter, ...filter } = readQuery(
        request,
        z
          .object({ consumer: z.string(), owner: z.string(), reason: z.string(), letter: z.coerce.number().int() })
          .partial(),
      );
      const letters = letter === undefined ? undefined : [letter];
      const found = await listDeadLetters(await presentBroker(), { ...filter, ownerId: owner, letters });
      const write = startLines(response);
      for (const each of found) if (!(await write(each))) return;
      response.end();
    },
    'GET /operator/events/dead/history': async (_request, response) => {
      const settlements = await readSettlements(await presentBroker());
      const write = startLines(response);
      for (const each of settlements) if (!(await write(each))) return;
      response.end();
    },
    'POST /operator/events/dead/redrive': (request, response) => settle(request, response, redriveDeadLetters),
    'POST /operator/events/dead/drop': (request, response) => settle(request, response, dropDeadLetters),
    'GET /operator/events/outbox': async (request, response) => {
      const { id } = readQuery(request, z.object({ id: z.coerce.number().int().positive() }).partial());
      const one = id === undefined ? undefined : await showSetAside(pool, id);
      const found = id === undefined ? await listSetAside(pool) : [one].filter((each) => each !== undefined);
      const write = startLines(response);
      for (const each of found) if (!(await write(each))) return;
      response.end();
    },
    'POST /operator/events/outbox/send': async (request, response) => {
      const { all: _all, ...filter } = await readBody(request, setAsideSchema);
      sendJson(response, 200, { sent: await sendSetAside(pool, filter) });
    },
    'POST /operator/events/outbox/drop': async (request, response) => {
      const { all: _all, ...filter } = await readBody(request, setAsideSchema);
      sendJson(response, 200, { dropped: await dropSetAside(pool, filter) });
    },
    'GET /operator/events/show': showEvents(pool),
    ...settingsRoutes(presentBroker),
    'POST /operator/events/republish': async (request, response) => {
      const { since, owners } = await readBody(request, republishSchema);
      const what = { owners, since: since === undefined ? undefined : new Date(since) };
      sendJson(response, 200, { republished: await republish(pool, what) });
    },
  };
  return Object.fromEntries(Object.entries(routes).map(([path, handle]) => [path, answering(handle)]));
}

function settingsRoutes(presentBroker: () => Promise<EventBroker>): Record<string, OperatorHandler> {
  return {
    'GET /operator/events/streams': async (_request, response) => {
      const broker = await presentBroker();
      sendJson(response, 200, { differences: (await broker.differentSettings?.()) ?? [] });
    },
    'POST /operator/events/streams/apply': async (_request, response) => {
      const broker = await presentBroker();
      sendJson(response, 200, { applied: (await broker.applySettings?.()) ?? [] });
    },
  };
}

function lineOf(settled: Settled): object {
  if (settled.outcome === 'missing') return { letter: settled.letter.sequence, outcome: settled.outcome };
  const { sequence, consumer, ownerId, eventId, type, revision, reason } = settled.letter;
  const code = settled.outcome === 'refused' ? { code: settled.code } : {};
  return { letter: sequence, outcome: settled.outcome, ...code, consumer, ownerId, eventId, type, revision, reason };
}
