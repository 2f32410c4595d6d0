import { present } from '@kith/service-kit';
import { DISTRIBUTION, isReference } from './distribution.ts';

// The trees of libpg-query are Postgres' own: https://github.com/pganalyze/libpg_query/blob/17-latest/protobuf/pg_query.proto
// biome-ignore lint/suspicious/noExplicitAny: a tree of a hundred kinds of nodes, of which a dozen matter here.
export type Node = any;

/** A distributed table where a statement names it. */
export interface Use {
  readonly table: string;
  readonly key: string;
  readonly writes: boolean;
  readonly locks: boolean;
}

export type Columns = ReadonlyMap<string, ReadonlySet<string>>;

/** Tables by alias; undefined: something that is no table. */
interface Scope {
  readonly id: number;
  readonly names: Map<string, string | undefined>;
  readonly outer: Scope | undefined;
}

/**
 * Which tables a statement uses, and which values their distribution columns are bound to, by equalities that must hold
 * (union-find over columns and values).
 */
export class TablesOfStatement {
  readonly distributed: Use[] = [];
  readonly reference: { readonly table: string; readonly writes: boolean }[] = [];
  /** Queries within the statement: sub-selects and WITH. */
  inner = 0;
  limits = false;
  readonly #parent = new Map<string, string>();
  readonly #ctes = new Set<string>();
  readonly #values: readonly unknown[];
  readonly #columns: Columns;
  #scopes = 0;

  constructor(statement: Node, values: readonly unknown[], columns: Columns) {
    this.#values = values;
    this.#columns = columns;
    this.#query(statement);
  }

  /** The one value that its distribution column can have. */
  ownerOf({ key }: Use): string | undefined {
    const found = this.#root(key);
    return found.startsWith('=') ? found.slice(1) : undefined;
  }

  #root(key: string): string {
    const up = this.#parent.get(key);
    return up === undefined ? key : this.#root(up);
  }

  #union(one: string, other: string): void {
    const [a, b] = [this.#root(one), this.#root(other)];
    if (a === b) return;
    // A value represents all that are equal to it.
    if (a.startsWith('=')) this.#parent.set(b, a);
    else this.#parent.set(a, b);
  }

  #use(range: Node, scope: Scope, { writes = false, locks = false }): void {
    const table = range.schemaname ? `${range.schemaname}.${range.relname}` : range.relname;
    const alias = range.alias?.aliasname ?? range.relname;
    const isTable = !this.#ctes.has(table);
    scope.names.set(alias, isTable ? table : undefined);
    if (!isTable) return;
    const column = present(DISTRIBUTION[table], 'of each table it is said how it is distributed');
    if (isReference(table)) this.reference.push({ table, writes });
    else this.distributed.push({ table, key: `${scope.id}.${alias}.${column}`, writes, locks });
  }

  #keyOf(node: Node, scope: Scope | undefined): string | undefined {
    if (node?.TypeCast) return this.#keyOf(node.TypeCast.arg, scope);
    if (node?.ParamRef) return `=${String(this.#values[node.ParamRef.number - 1])}`;
    if (node?.A_Const?.sval) return `=${node.A_Const.sval.sval}`;
    const fields = node?.ColumnRef?.fields?.map((field: Node) => field.String?.sval);
    if (!fields) return undefined;
    const [column, qualifier] = [fields.at(-1), fields.at(-2)];
    const isMeant = (alias: string, table: string | undefined) =>
      qualifier === undefined ? table !== undefined && this.#columns.get(table)?.has(column) : alias === qualifier;
    for (let at = scope; at; at = at.outer) {
      for (const [alias, table] of at.names) if (isMeant(alias, table)) return `${at.id}.${alias}.${column}`;
    }
    return undefined;
  }

  #bind(condition: Node, scope: Scope): void {
    if (condition?.BoolExpr?.boolop === 'AND_EXPR') for (const each of condition.BoolExpr.args) this.#bind(each, scope);
    const equality = condition?.A_Expr;
    if (equality?.kind !== 'AEXPR_OP' || equality.name[0].String.sval !== '=') return;
    const [one, other] = [this.#keyOf(equality.lexpr, scope), this.#keyOf(equality.rexpr, scope)];
    if (one && other) this.#union(one, other);
  }

  #from(node: Node, scope: Scope, locks: boolean): void {
    if (node.RangeVar) this.#use(node.RangeVar, scope, { locks });
    if (node.RangeSubselect) {
      scope.names.set(node.RangeSubselect.alias?.aliasname ?? '', undefined);
      this.#query(node.RangeSubselect.subquery, scope);
    }
    if (node.RangeFunction) scope.names.set(node.RangeFunction.alias?.aliasname ?? '', undefined);
    if (!node.JoinExpr) return;
    this.#from(node.JoinExpr.larg, scope, locks);
    this.#from(node.JoinExpr.rarg, scope, locks);
    this.#bind(node.JoinExpr.quals, scope);
    this.#look(node.JoinExpr.quals, scope);
  }

  /** Queries inside of expressions. */
  #look(node: Node, scope: Scope): void {
    if (node === null || typeof node !== 'object') return;
    if (node.SubLink) {
      this.#look(node.SubLink.testexpr, scope);
      this.#query(node.SubLink.subselect, scope);
      return;
    }
    for (const child of Object.values(node)) this.#look(child, scope);
  }

  #query(node: Node, outer?: Scope): void {
    this.#scopes += 1;
    const scope: Scope = { id: this.#scopes, names: new Map(), outer };
    if (outer) this.inner += 1;
    const [kind, at] = Object.entries(node)[0] as [string, Node];
    for (const { CommonTableExpr: cte } of at.withClause?.ctes ?? []) {
      this.#query(cte.ctequery, scope);
      this.#ctes.add(cte.ctename);
    }
    if (at.limitCount) this.limits = true;
    if (kind === 'SelectStmt' && at.op !== 'SETOP_NONE') {
      for (const side of [at.larg, at.rarg]) this.#query({ SelectStmt: side }, scope);
    }
    if (kind !== 'SelectStmt') this.#use(at.relation, scope, { writes: true });
    const locks = Boolean(at.lockingClause);
    for (const each of [...(at.fromClause ?? []), ...(at.usingClause ?? [])]) this.#from(each, scope, locks);
    this.#bind(at.whereClause, scope);
    for (const part of [at.whereClause, at.targetList, at.valuesLists, at.havingClause]) this.#look(part, scope);
    if (kind === 'InsertStmt') this.#insert(at, scope);
  }

  #insert(at: Node, scope: Scope): void {
    const { relname } = at.relation;
    const place = (at.cols ?? []).findIndex((each: Node) => each.ResTarget.name === DISTRIBUTION[relname]);
    const { valuesLists, targetList } = at.selectStmt.SelectStmt;
    const rows = valuesLists?.map((row: Node) => row.List.items[place]) ?? [targetList?.[place]?.ResTarget.val];
    const key = this.#keyOf(rows[0], undefined);
    if (rows.length === 1 && key) this.#union(`${scope.id}.${relname}.${DISTRIBUTION[relname]}`, key);
    if (!valuesLists) this.#query(at.selectStmt, scope);
  }
}
