import { Refused } from '../people/ask-gateway.ts';
import { ADD_FRIEND, REMOVE_FRIEND, UPDATE_FRIEND, UPDATE_PROFILE } from '../people/friend-operations.ts';
import type { Person } from '../people/person.ts';
import type { Random } from '../people/seeded-random.ts';
import type { Change, Send } from './hunted-kind.ts';

const CANCEL_REQUEST = `mutation ($input: FriendRequestInput!) { cancelFriendRequest(input: $input) { listCursor } }`;

export interface PeopleToChange {
  /** Whose lists are to change, and the friends they have. */
  readonly owners: readonly { readonly person: Person; readonly friendIds: readonly string[] }[];
  /** Take friends without asking. */
  readonly open: readonly Person[];
  /** Want to be asked. */
  readonly reserved: readonly Person[];
}

/**
 * Chooses what an owner does next: remarks, pins and tags, friends who come and go, requests that are taken back, and new
 * nicknames. Remembers who are friends by what was made.
 */
export function choosesChanges({ open, reserved, ...people }: PeopleToChange, send: Send) {
  const owners = people.owners.map(({ person }) => person);
  const friendIdsOf = new Map(people.owners.map(({ person, friendIds }) => [person.id, new Set(friendIds)]));

  function noteFriends(owner: Person, userId: string, friends: boolean): void {
    const change = friends ? 'add' : 'delete';
    friendIdsOf.get(owner.id)?.[change](userId);
    friendIdsOf.get(userId)?.[change](owner.id);
  }

  async function addOrRemove(owner: Person, other: Person, round: number): Promise<void> {
    const friends = !friendIdsOf.get(owner.id)!.has(other.id);
    if (friends) await send(owner, ADD_FRIEND, { userId: other.id, remark: `new ${round}` });
    else await send(owner, REMOVE_FRIEND, { userId: other.id });
    noteFriends(owner, other.id, friends);
  }

  async function describeFriend(owner: Person, userId: string, round: number, own: Random): Promise<void> {
    const input = {
      userId,
      remark: own.next() < 0.8 ? `${owner.username} ${round}` : null,
      pinned: own.next() < 0.3,
      tags: [`t${round % 7}`],
    };
    try {
      await send(owner, UPDATE_FRIEND, input);
    } catch (error) {
      if (error instanceof Refused && error.code === 'NOT_FRIENDS') noteFriends(owner, userId, false);
      throw error;
    }
  }

  return (owner: Person, round: number, own: Random): Change => {
    const dice = own.next();
    const other = own.pick([...open, ...owners.filter(({ id }) => id !== owner.id)]);
    const friendIds = [...friendIdsOf.get(owner.id)!];
    if (dice < 0.6 && friendIds.length > 0) {
      const userId = own.pick(friendIds);
      return { mutations: 1, make: () => describeFriend(owner, userId, round, own) };
    }
    if (dice < 0.88) return { mutations: 1, make: () => addOrRemove(owner, other, round) };
    if (dice < 0.95) {
      const asked = own.pick(reserved);
      return { mutations: 2, make: () => askAndTakeBack(send, owner, asked, round) };
    }
    const renamed = own.pick([...open, ...owners]);
    const nickname = `${renamed.username} the ${round}th`;
    return { mutations: 1, make: async () => void (await send(renamed, UPDATE_PROFILE, { nickname })) };
  };
}

async function askAndTakeBack(send: Send, owner: Person, asked: Person, round: number): Promise<void> {
  const input = { userId: asked.id, message: `Hello ${round}` };
  const { addFriend } = await send<{ addFriend: { request: { id: string } } }>(owner, ADD_FRIEND, input);
  await send(owner, CANCEL_REQUEST, { requestId: addFriend.request.id });
}
