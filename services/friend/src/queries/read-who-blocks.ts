import { type Blockers, whoBlocksSchema } from '@kith/event-contracts';
import { type HttpHandler, readBodyAs, sendJson } from '@kith/service-kit';
import type pg from 'pg';

const WHO_BLOCKS = 'SELECT owner_id FROM block WHERE owner_id = ANY ($2::uuid[]) AND blocked_id = $1';

/** Those of these people who block the viewer; one statement. */
export async function readWhoBlocks(pool: pg.Pool, viewerId: string, userIds: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ owner_id: string }>({
    name: 'who-blocks',
    text: WHO_BLOCKS,
    values: [viewerId, userIds],
  });
  return rows.map(({ owner_id }) => owner_id);
}

/** The same for other services, which keep no blocks of their own; KithError BAD_USER_INPUT for anything else than ids. */
export function answerWhoBlocks(pool: pg.Pool): HttpHandler {
  return async (request, response) => {
    const body = await readBodyAs(whoBlocksSchema, request, 'viewerId');
    const { viewerId, userIds } = body;
    sendJson(response, 200, { blockers: await readWhoBlocks(pool, viewerId, userIds) } satisfies Blockers);
  };
}
