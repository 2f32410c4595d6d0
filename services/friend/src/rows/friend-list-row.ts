/** The row of a person's list, without its owner. */
export interface ListFigures {
  readonly revision: number;
  /** Rises with what commands decide by and no list shows. With the revision it tells whether a list was touched. */
  readonly hiddenChanges: number;
  readonly friendCount: number;
  readonly requestCount: number;
}

const COLUMNS = ['revision', 'hidden_changes', 'friend_count', 'request_count'] as const;
export const FIGURE_COLUMNS = COLUMNS.join(', ');

export function figureColumnsOf(table: string): string {
  return COLUMNS.map((column) => `${table}.${column}`).join(', ');
}

/** A column definition list, as `jsonb_to_recordset` wants it. */
export const FIGURE_DEFINITIONS = 'revision bigint, hidden_changes bigint, friend_count int, request_count int';

/** `pg` brings a bigint as text. */
export interface FigureRow {
  readonly revision: string;
  readonly hidden_changes: string;
  readonly friend_count: number;
  readonly request_count: number;
}

export function figuresOf(row: FigureRow): ListFigures {
  return {
    revision: Number(row.revision),
    hiddenChanges: Number(row.hidden_changes),
    friendCount: row.friend_count,
    requestCount: row.request_count,
  };
}

/** By column, for JSON. */
export function figureRowOf({ revision, hiddenChanges, friendCount, requestCount }: ListFigures) {
  return { revision, hidden_changes: hiddenChanges, friend_count: friendCount, request_count: requestCount };
}

/** One parameter for each figure, in the order of `FIGURE_COLUMNS`. */
export function figureValues(figures: ListFigures, value: (of: unknown, type: string) => string): string {
  return [
    value(figures.revision, 'bigint'),
    value(figures.hiddenChanges, 'bigint'),
    value(figures.friendCount, 'int'),
    value(figures.requestCount, 'int'),
  ].join(', ');
}
