import { KithError } from './kith-error.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The id, in lower case; KithError BAD_USER_INPUT naming the field when it is not a UUID. */
export function readId(field: string, value: string): string {
  if (!UUID.test(value)) throw new KithError('BAD_USER_INPUT', `${field} is not an id.`, { field });
  return value.toLowerCase();
}

/** The page size; KithError BAD_USER_INPUT with field `first` and the bound when it is not from 1 to `max`. */
export function readPageSize(first: number, max = 100): number {
  if (first >= 1 && first <= max) return first;
  throw new KithError('BAD_USER_INPUT', `first must be from 1 to ${max}.`, {
    field: 'first',
    limit: first < 1 ? 1 : max,
  });
}
