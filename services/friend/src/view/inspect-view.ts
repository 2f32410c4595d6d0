import type { FriendData } from '@kith/event-contracts';
import { memberOfEntry, readEntries } from './entries/list-entry.ts';
import type { ListedRequest, ListState } from './entries/list-state.ts';
import { readRequests } from './entries/listed-requests.ts';
import type { ListOrder } from './entries/sort-keys.ts';

/** What stands in Redis for one list. */
export interface InspectedView {
  /** Undefined when there is no view: nothing at all, or a part that Redis has evicted. */
  readonly state: ListState | undefined;
  /** What is unreadable or contradicts the rest, one line each. */
  readonly faults: readonly string[];
}

type Raw = readonly unknown[];

/**
 * Looks at every structure of a view (see view-keys.ts) as it stands, readable or not: revision, floor and counts, both
 * orders, entries, requests, and the lease. What cannot be read is a fault and left out; nothing here throws.
 */
export function inspectView(reply: readonly unknown[]): InspectedView {
  const faults: string[] = [];
  const listOf = (part: unknown, name: string): string[] => {
    if (Array.isArray(part)) return part as string[];
    faults.push(`${name}: ${part instanceof Error ? part.message : 'no list'}`);
    return [];
  };
  const [meta, byName, newest, friends, requests, lease] = [
    'numbers',
    'order by name',
    'newest first',
    'friends',
    'requests',
    'lease',
  ].map((name, at) => listOf((reply as Raw)[at], name)) as [string[], string[], string[], string[], string[], string[]];
  const numbers = fieldsOf(meta);
  inspectLease(fieldsOf(lease), faults);
  if (!numbers.has('revision')) return { state: undefined, faults };
  for (const name of ['revision', 'floor', 'friends', 'requests']) {
    const text = numbers.get(name) ?? (name === 'floor' ? '0' : undefined);
    if (text === undefined || !/^\d{1,15}$/.test(text)) faults.push(`the ${name} is ${text ?? 'missing'}, no number`);
  }
  const entries = fieldsOf(friends);
  const requestsById = fieldsOf(requests);
  const evicted =
    faults.length === 0 &&
    (([byName, newest, friends].some(isEmpty) && numbers.get('friends') !== '0') ||
      (isEmpty(requests) && numbers.get('requests') !== '0'));
  if (evicted) return { state: undefined, faults };
  countsAre(numbers, { friends: entries.size, requests: requestsById.size }, faults);
  const read = readAll(entries, requestsById, faults);
  inspectOrder('NAME', byName, entries, faults);
  inspectOrder('NEWEST', newest, entries, faults);
  return { state: { revision: Number(numbers.get('revision')), ...read }, faults };
}

const isEmpty = (part: readonly string[]) => part.length === 0;

function fieldsOf(fieldsAndValues: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [at, field] of fieldsAndValues.entries()) {
    if (at % 2 === 0) fields.set(field, fieldsAndValues[at + 1] ?? '');
  }
  return fields;
}

function countsAre(
  numbers: ReadonlyMap<string, string>,
  sizes: { friends: number; requests: number },
  faults: string[],
): void {
  for (const [name, size] of Object.entries(sizes)) {
    if (numbers.get(name) !== String(size)) faults.push(`it counts ${numbers.get(name)} ${name}, and holds ${size}`);
  }
}

function readAll(
  entries: ReadonlyMap<string, string>,
  requestsById: ReadonlyMap<string, string>,
  faults: string[],
): { friends: FriendData[]; requests: ListedRequest[] } {
  const friends: FriendData[] = [];
  for (const [id, entry] of entries) {
    const friend = readOr(() => readEntries([entry])[0], `friend ${id} cannot be read`, faults);
    if (friend && friend.userId !== id) faults.push(`under ${id} stands friend ${friend.userId}`);
    if (friend) friends.push(friend);
  }
  const requests: ListedRequest[] = [];
  for (const [id, json] of requestsById) {
    const request = readOr(() => readRequests([json])[0], `request ${id} cannot be read`, faults);
    if (request && request.id !== id) faults.push(`under ${id} stands request ${request.id}`);
    if (request) requests.push(request);
  }
  return { friends, requests };
}

function readOr<T>(read: () => T, fault: string, faults: string[]): T | undefined {
  try {
    return read();
  } catch {
    faults.push(fault);
    return undefined;
  }
}

function inspectOrder(
  order: ListOrder,
  members: readonly string[],
  entries: ReadonlyMap<string, string>,
  faults: string[],
): void {
  const expected = new Set([...entries].map(([id, entry]) => memberOfEntry(entry, order, id)));
  const stray = members.filter((member) => !expected.delete(member));
  const what = order === 'NAME' ? 'the order by name' : 'the order newest first';
  for (const member of expected) faults.push(`${what} lacks ${member.slice(member.indexOf('\0') + 1)}`);
  for (const member of stray) faults.push(`${what} has ${JSON.stringify(member)}, which is of no entry`);
}

function inspectLease(lease: ReadonlyMap<string, string>, faults: string[]): void {
  const floor = lease.get('floor');
  if (floor !== undefined && !/^\d{1,15}$/.test(floor)) faults.push(`the lease's floor is ${floor}, no number`);
}
