import { inTransaction, type SqlConnection } from '@kith/event-delivery';
import type pg from 'pg';
import { loadRevisions } from '../revisions/load-revisions.ts';
import { SnapshotExpired, type SnapshotPart } from './live-list.ts';

const ONE_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ';
/** Of JSON, of the pages of one part; a page is never cut. */
const PART_BYTES = 256 * 1024;
/** Whoever has not taken it by then is given another. */
const KEPT_FOR_S = 600;

/** As long as half of that is left, others are given it as well, if what has happened since can be told. */
const KNOWN = `
  SELECT id FROM live_list_snapshot AS kept WHERE kind = $1 AND owner_id = $2
    AND created_at > now() - make_interval(secs => $4::int / 2)
    AND (revision = $3 OR EXISTS (
      SELECT FROM outbox WHERE owner_id = $2 AND owner_kind = $1 AND outbox.revision = kept.revision + 1))
  ORDER BY revision DESC LIMIT 1`;
const BEGIN_ONE = 'INSERT INTO live_list_snapshot (kind, owner_id, revision) VALUES ($1, $2, $3) RETURNING id';
const KEEP = 'INSERT INTO live_list_snapshot_part (snapshot_id, part, is_last, pages) VALUES ($1, $2, $3, $4)';
const READ = `
  SELECT revision, is_last, pages FROM live_list_snapshot JOIN live_list_snapshot_part ON snapshot_id = id
  WHERE id = $1 AND part = $2 AND kind = $3 AND owner_id = $4 AND created_at > now() - make_interval(secs => $5::int)`;
// Several processes may sweep at a time.
const FORGET = `
  DELETE FROM live_list_snapshot WHERE id IN (
    SELECT id FROM live_list_snapshot WHERE created_at < now() - make_interval(secs => $1::int) FOR UPDATE SKIP LOCKED)`;

/** Page after page of a whole list, read over one connection that sees the database as it was at one moment. */
export type ReadPages<Content> = (sql: SqlConnection, ownerId: string) => AsyncIterable<Content>;

export interface KeptSnapshots<Content> {
  readonly pool: pg.Pool;
  readonly kind: string;
  readonly readPages: ReadPages<Content>;
  readonly partBytes?: number;
}

/**
 * Materialised snapshots: a list of any size at one revision, in parts of some 256 KiB, of which no more than one is ever
 * in memory. A list that fits into one is answered as it is. The parts of a larger one are kept in tables for ten minutes, so
 * that any process of the service can answer them. All who ask meanwhile share them, and catch up from there: a list that
 * changes all the time is not written down for each of them.
 */
export function snapshotsInParts<Content>({ pool, kind, readPages, partBytes = PART_BYTES }: KeptSnapshots<Content>) {
  async function begin(sql: SqlConnection, ownerId: string): Promise<SnapshotPart<Content>> {
    const revision = (await loadRevisions(sql, kind, [ownerId])).get(ownerId) ?? 0;
    const known = await sql.query<{ id: string }>(KNOWN, [kind, ownerId, revision, KEPT_FOR_S]);
    const knownId = known.rows[0]?.id;
    if (knownId !== undefined) return part(sql, ownerId, knownId, 0);
    let id: string | undefined;
    let first: readonly Content[] | undefined;
    let count = 0;
    const keep = async (pages: readonly Content[], isLast: boolean) => {
      first ??= pages;
      if (isLast && count === 0) return;
      id ??= (await sql.query<{ id: string }>(BEGIN_ONE, [kind, ownerId, revision])).rows[0]?.id;
      await sql.query(KEEP, [id, count, isLast, JSON.stringify(pages)]);
      count += 1;
    };
    let pages: Content[] = [];
    let bytes = 0;
    for await (const page of readPages(sql, ownerId)) {
      const pageBytes = JSON.stringify(page).length;
      if (pages.length > 0 && bytes + pageBytes > partBytes) {
        await keep(pages, false);
        pages = [];
        bytes = 0;
      }
      pages.push(page);
      bytes += pageBytes;
    }
    await keep(pages, true);
    return { revision, pages: first ?? [], next: id === undefined ? null : nextOf(id, 0) };
  }

  async function part(sql: SqlConnection, ownerId: string, id: string, at: number): Promise<SnapshotPart<Content>> {
    const { rows } = await sql.query<{ revision: string; is_last: boolean; pages: string }>(READ, [
      ...[id, at, kind, ownerId, KEPT_FOR_S],
    ]);
    const [row] = rows;
    if (!row) throw new SnapshotExpired();
    return {
      revision: Number(row.revision),
      pages: JSON.parse(row.pages) as Content[],
      next: row.is_last ? null : nextOf(id, at),
    };
  }

  return {
    /** The first part of the list: as it stands, or stood a short time ago. */
    async first(ownerId: string): Promise<SnapshotPart<Content>> {
      const part = await inTransaction(pool, (sql) => begin(sql, ownerId), ONE_SNAPSHOT);
      if (part.next !== null) await pool.query(FORGET, [KEPT_FOR_S]);
      return part;
    },
    /**
     * The part that `next` of the one before names; undefined for what is no name of a part.
     *
     * @throws {SnapshotExpired} when it is not kept any more, or of another list
     */
    async next(ownerId: string, name: string): Promise<SnapshotPart<Content> | undefined> {
      const match = PART.exec(name.length > LONGEST ? '' : Buffer.from(name, 'base64url').toString());
      const [, id, at] = match ?? [];
      return id === undefined ? undefined : part(pool, ownerId, id, Number(at));
    },
  };
}

const LONGEST = 128;
const PART = /^part:([0-9a-f-]{36}):(\d{1,9})$/;
const nextOf = (id: string, at: number) => Buffer.from(`part:${id}:${at + 1}`).toString('base64url');
