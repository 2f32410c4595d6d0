import type pg from 'pg';
import { z } from 'zod';
import { CursorNotValid, MOST_EVENTS_A_PAGE, readEventPage } from '../outbox/archive/read-events.ts';
import { BadInput, type OperatorHandler, readQuery, startLines } from './answer-operator.ts';

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const querySchema = z
  .object({
    owner: z.string(),
    kind: z.string(),
    type: z.string(),
    since: moment,
    until: moment,
    after: z.string(),
    limit: z.coerce.number().int().min(1).max(MOST_EVENTS_A_PAGE),
  })
  .partial();

/** Answers a page of the event store as NDJSON; the last line says where the next page begins. */
export function showEvents(pool: pg.Pool): OperatorHandler {
  return async (request, response) => {
    const { owner, kind, type, since, until, after, limit } = readQuery(request, querySchema);
    const filter = { ownerId: owner, ownerKind: kind, type, since, until };
    const { events, next } = await readEventPage(pool, filter, { after, limit }).catch((error) => {
      throw error instanceof CursorNotValid ? new BadInput(error.message) : error;
    });
    const write = startLines(response);
    for (const event of events) if (!(await write(event))) return;
    await write({ next: next ?? null });
    response.end();
  };
}
