import type { FriendRequest } from '../domain/relationship-state.ts';
import type { ListedRequest } from '../view/entries/list-state.ts';
import { isoOf } from './friend-in-view.ts';

/** Each field's column in `friend_request`, and its type. */
const COLUMNS = {
  id: ['id', 'uuid'],
  fromId: ['from_id', 'uuid'],
  toId: ['to_id', 'uuid'],
  message: ['message', 'text'],
  remark: ['remark', 'text'],
  sentAt: ['sent_at', 'timestamptz'],
  status: ['status', 'text'],
  closedAt: ['closed_at', 'timestamptz'],
} as const satisfies Record<keyof FriendRequest, readonly [column: string, type: string]>;

const FIELDS = Object.keys(COLUMNS) as (keyof FriendRequest)[];

/** By column; instants as `pg` brings them, or as text out of `to_json`. */
export type FriendRequestRow = {
  readonly [Field in keyof FriendRequest as (typeof COLUMNS)[Field][0]]: FriendRequest[Field] extends Date
    ? Date | string
    : FriendRequest[Field] extends Date | null
      ? Date | string | null
      : FriendRequest[Field];
};

export const REQUEST_COLUMNS = FIELDS.map((field) => COLUMNS[field][0]).join(', ');
/** A column definition list, as `jsonb_to_recordset` wants it. */
export const REQUEST_DEFINITIONS = FIELDS.map((field) => COLUMNS[field].join(' ')).join(', ');

export function requestOf(row: FriendRequestRow): FriendRequest {
  return {
    id: row.id,
    fromId: row.from_id,
    toId: row.to_id,
    message: row.message,
    remark: row.remark,
    sentAt: new Date(row.sent_at),
    status: row.status,
    closedAt: row.closed_at === null ? null : new Date(row.closed_at),
  };
}

/** By column, for JSON. */
export function requestRowOf(request: FriendRequest): FriendRequestRow {
  return Object.fromEntries(FIELDS.map((field) => [COLUMNS[field][0], request[field]])) as FriendRequestRow;
}

/** One parameter for each column, in the order of `REQUEST_COLUMNS`. */
export function requestValues(request: FriendRequest, value: (of: unknown, type: string) => string): string {
  return FIELDS.map((field) => value(request[field], COLUMNS[field][1])).join(', ');
}

/** The columns of a request that lists show. */
export const LISTED_REQUEST_COLUMNS = 'id, from_id, to_id, message, sent_at';

/** The same as views keep them. */
export const REQUEST_AS_IN_VIEW = `id, from_id AS "fromId", to_id AS "toId", message, ${isoOf('sent_at')} AS "sentAt"`;

export function listedRequestOf(
  row: Pick<FriendRequestRow, 'id' | 'from_id' | 'to_id' | 'message' | 'sent_at'>,
): ListedRequest {
  const { id, from_id: fromId, to_id: toId, message, sent_at: sentAt } = row;
  return { id, fromId, toId, message, sentAt: new Date(sentAt).toISOString() };
}
