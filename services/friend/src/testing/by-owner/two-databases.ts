import type pg from 'pg';
import { DISTRIBUTION, isReference } from './distribution.ts';
import { judgeStatement, type Verdict } from './judge-statement.ts';
import type { Columns } from './read-tables.ts';

type Row = Record<string, unknown>;

/** The engine would not take this statement. */
export class StatementRefused extends Error {
  override name = 'StatementRefused';
}

/** Two databases that stand for the nodes of a distributed one: each has the rows of its owners, and all of the reference tables. */
export interface TwoDatabases {
  readonly nodes: readonly [pg.Pool, pg.Pool];
  /** Which node has this owner's rows. */
  nodeOf(owner: string): pg.Pool;
  /** Routed by what the engine would make of it. Throws StatementRefused. */
  query(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

export function overTwoDatabases(nodes: readonly [pg.Pool, pg.Pool], columns: Columns): TwoDatabases {
  const nodeOf = (owner: string) => nodes[Number.parseInt(owner.at(-1) ?? '0', 16) % 2 === 0 ? 0 : 1];

  async function onEach(text: string, values: readonly unknown[]): Promise<Row[][]> {
    return Promise.all(nodes.map(async (node) => (await node.query(text, [...values])).rows));
  }

  async function routed(verdict: Verdict, text: string, values: readonly unknown[]): Promise<Row[]> {
    if ('refused' in verdict) throw new StatementRefused(verdict.refused);
    if (verdict.route === 'every') return (await onEach(text, values)).flat();
    if (verdict.route === 'reference' && verdict.writes) return (await onEach(text, values))[0] ?? [];
    const node = verdict.route === 'one' ? nodeOf(verdict.owner) : nodes[0];
    return (await node.query(text, [...values])).rows;
  }

  return {
    nodes,
    nodeOf,
    query: async (text, values = []) => routed(await judgeStatement(text, values, columns), text, values),
  };
}

/** Every row of one database, to the node of its owner, or to both. */
export async function spreadRows(from: pg.Pool, { nodes, nodeOf }: TwoDatabases): Promise<void> {
  for (const node of nodes) await node.query('TRUNCATE timeline');
  for (const [table, column] of Object.entries(DISTRIBUTION)) {
    const { rows } = await from.query(
      `SELECT to_jsonb(whole) AS line, to_jsonb(whole) ->> $1 AS owner FROM ${table} AS whole`,
      [column],
    );
    for (const { line, owner } of rows) {
      const to = isReference(table) ? nodes : [nodeOf(owner)];
      for (const node of to)
        await node.query(`INSERT INTO ${table} SELECT * FROM jsonb_populate_record(NULL::${table}, $1)`, [line]);
    }
  }
}

/** Of each table: by which an unqualified name is told whose it is. */
export async function columnsOf(pool: pg.Pool): Promise<Columns> {
  const { rows } = await pool.query<{ name: string; columns: string[] }>(
    `SELECT CASE table_schema WHEN 'public' THEN table_name ELSE table_schema || '.' || table_name END AS name,
       array_agg(column_name::text) AS columns
     FROM information_schema.columns WHERE table_schema IN ('public', 'event_archive') GROUP BY 1`,
  );
  return new Map(rows.map(({ name, columns }) => [name, new Set(columns)]));
}
