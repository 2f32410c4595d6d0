import type pg from 'pg';

export interface Statement {
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** What one statement did in Postgres. */
export interface Explained {
  readonly text: string;
  readonly rows: number;
  /** Shared buffers of 8 KiB, hit or read. */
  readonly pages: number;
  readonly ms: number;
  /** Of the step that read most of them: rows of a table or entries of an index, those that it left out as well. */
  readonly mostRowsRead: number;
  /** Sequential scans of tables with more than a thousand rows, which grow with the graph. */
  readonly scans: readonly string[];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: readonly PlanNode[];
}

const GROWS_FROM_ROWS = 1_000;
const NAME = 'explained';

/** Runs a statement under EXPLAIN (ANALYZE, BUFFERS), with the plan that its prepared form gets. */
export async function explained(pool: pg.Pool, statement: Statement): Promise<Explained> {
  const { text, values = [] } = statement;
  const client = await pool.connect();
  try {
    await client.query(`SET plan_cache_mode = force_generic_plan; PREPARE ${NAME} AS ${text}`);
    const literals = values.map((value) => literalOf(client, value)).join(', ');
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: PlanNode; 'Execution Time': number }] }>(
      `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE ${NAME}${literals === '' ? '' : `(${literals})`}`,
    );
    const [{ Plan: plan, 'Execution Time': ms }] = rows[0]!['QUERY PLAN'];
    const nodes = [...nodesOf(plan)];
    return {
      text,
      rows: plan['Actual Rows'],
      pages: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
      ms,
      mostRowsRead: Math.max(...nodes.map(rowsRead)),
      scans: nodes.flatMap((node) => (scansWhatGrows(node) ? [node['Relation Name'] ?? ''] : [])),
    };
  } finally {
    await client.query(`RESET plan_cache_mode; DEALLOCATE ${NAME}`).catch(() => undefined);
    client.release();
  }
}

/** Runs `work` with a pool of each database whose statements are explained as well as answered. */
export async function explaining<Pools extends Record<string, pg.Pool>>(
  pools: Pools,
  into: Explained[],
  work: (pools: Pools) => Promise<unknown>,
): Promise<void> {
  const watched = Object.entries(pools).map(([name, pool]) => [name, withExplanations(pool, into)]);
  await work(Object.fromEntries(watched));
}

function withExplanations(pool: pg.Pool, into: Explained[]): pg.Pool {
  const query = async (first: Statement | string, values?: readonly unknown[]) => {
    const statement = typeof first === 'string' ? { text: first, values: values ?? [] } : first;
    if (/^\s*(?:SELECT|WITH)/.test(statement.text)) into.push(await explained(pool, statement));
    return pool.query(statement.text, [...(statement.values ?? [])]);
  };
  // A borrowed connection explains its statements too: its reads are the same without a transaction.
  const client = { query, release: () => undefined, on: () => undefined, off: () => undefined };
  return { query, connect: async () => client } as unknown as pg.Pool;
}

function* nodesOf(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* nodesOf(child);
}

function scansWhatGrows(node: PlanNode): boolean {
  return node['Node Type'] === 'Seq Scan' && rowsRead(node) > GROWS_FROM_ROWS;
}

function rowsRead(node: PlanNode): number {
  return (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
}

function literalOf(client: pg.PoolClient, value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  // Quoted and without a type: Postgres reads it as what the parameter is.
  if (Array.isArray(value)) return client.escapeLiteral(`{${value.map((each) => JSON.stringify(each)).join(',')}}`);
  return client.escapeLiteral(String(value));
}
