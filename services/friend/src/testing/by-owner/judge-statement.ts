import { parse } from 'libpg-query';
import { type Columns, type Node, TablesOfStatement } from './read-tables.ts';

export type Verdict =
  /** To the node that has this owner. */
  | { readonly route: 'one'; readonly owner: string }
  /** To every node, and the rows put together. */
  | { readonly route: 'every' }
  /** Of tables that every node has: read at any, written at all. */
  | { readonly route: 'reference'; readonly writes: boolean }
  | { readonly refused: string };

/**
 * Query routing by Citus' rules, on the safe side: what is not certainly taken is refused
 * (https://docs.citusdata.com/en/stable/develop/reference_workarounds.html). Two owners who share a shard by chance are
 * two owners.
 */
export async function judgeStatement(text: string, values: readonly unknown[], columns: Columns): Promise<Verdict> {
  const { stmts } = (await parse(text)) as Node;
  const statements = stmts.map((each: Node) => each.stmt);
  if (statements.length !== 1) return { refused: 'several statements in one message' };
  return judge(new TablesOfStatement(statements[0], values, columns), statements[0]);
}

function judge(used: TablesOfStatement, statement: Node): Verdict {
  const { distributed, reference, inner, limits } = used;
  const writesReference = reference.some(({ writes }) => writes);
  const writes = distributed.some((use) => use.writes);
  if (distributed.length === 0) return { route: 'reference', writes: writesReference };
  if (writes && writesReference) return { refused: 'writes a reference table and a distributed one in one statement' };
  if (writesReference) return { refused: 'writes a reference table by what a distributed one says' };
  const owners = new Set(distributed.map((use) => used.ownerOf(use)));
  const [owner] = owners;
  if (owners.size === 1 && owner !== undefined) return { route: 'one', owner };
  if (writes) return { refused: 'writes rows of several owners in one statement' };
  if (distributed.some((use) => use.locks)) return { refused: 'locks rows of several owners' };
  if (distributed.length > 1 || inner > 0) return { refused: 'joins rows of several owners' };
  if (limits || hasAggregates(statement)) return { refused: 'orders or counts rows of several owners' };
  return { route: 'every' };
}

const hasAggregates = (statement: Node): boolean =>
  /"(?:count|max|min|sum)"/.test(JSON.stringify(statement.SelectStmt?.targetList ?? []));
