import type { FriendListSnapshot } from '@kith/client';

/** What a person has done, and may still undo before it is sent. */
export interface HeldBack {
  readonly kind: 'remove' | 'block' | 'decline' | 'cancel';
  /** The user who did it: another who signs in here has nothing to do with it. */
  readonly ownerId: string;
  readonly person: { readonly id: string; readonly name: string };
  /** When the friendship that ends began: a later one with the same person is not meant. */
  readonly since?: string;
  /** The request that is declined or taken back. */
  readonly requestId?: string;
  /** When it was done, in milliseconds of the epoch. */
  readonly heldAt: number;
}

const KINDS: readonly unknown[] = ['remove', 'block', 'decline', 'cancel'] satisfies HeldBack['kind'][];

/** One and the same deed: whoever does it twice has done it once. */
export function nameOfHeldBack({ kind, ownerId, person, requestId }: HeldBack): string {
  return `${kind} ${ownerId} ${requestId ?? person.id}`;
}

/** What was kept by an earlier visit or by another tab, as far as it can be read. */
export function readHeldBack(text: string | null): readonly HeldBack[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.filter(isHeldBack) : [];
  } catch {
    return [];
  }
}

function isHeldBack(value: unknown): value is HeldBack {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, ownerId, person, since, requestId, heldAt } = value as Partial<Record<keyof HeldBack, unknown>>;
  const isAboutRequest = kind === 'decline' || kind === 'cancel';
  return (
    KINDS.includes(kind) &&
    typeof ownerId === 'string' &&
    typeof (person as HeldBack['person'] | null | undefined)?.id === 'string' &&
    typeof (person as HeldBack['person']).name === 'string' &&
    typeof since === (kind === 'remove' ? 'string' : typeof since) &&
    typeof requestId === (isAboutRequest ? 'string' : typeof requestId) &&
    typeof heldAt === 'number'
  );
}

/**
 * The list as it will be when everything that is held back has been sent (an optimistic update): whoever counts, shows
 * or looks up friends and requests sees the same.
 */
export function withoutHeldBack(list: FriendListSnapshot, held: readonly HeldBack[]): FriendListSnapshot {
  if (held.length === 0) return list;
  const parted = new Set(held.flatMap(({ kind, person }) => (kind === 'remove' || kind === 'block' ? person.id : [])));
  const blocked = new Set(held.flatMap(({ kind, person }) => (kind === 'block' ? person.id : [])));
  const closed = new Set(held.flatMap(({ requestId }) => requestId ?? []));
  return {
    ...list,
    friends: list.friends.filter(({ user }) => !parted.has(user.id)),
    requests: list.requests.filter(
      ({ id, from, to }) => !closed.has(id) && !blocked.has(from.id) && !blocked.has(to.id),
    ),
  };
}
