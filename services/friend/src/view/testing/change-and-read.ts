import { eventually } from '@kith/local-servers';
import { expect } from 'vitest';
import type { ViewChange } from '../entries/list-state.ts';
import { aFriend, aList, aRequest, idOf, type ListsInMemory } from './lists-in-memory.ts';
import type { OpenView } from './open-view.ts';

export const rename = (nickname: string): ViewChange => ({ kind: 'put-friend', friend: aFriend(1, { nickname }) });

/** Three friends, with a view. */
export async function aListWithAView(view: OpenView, lists: ListsInMemory, owner: string): Promise<void> {
  lists.put(owner, { ...aList(3), requests: [aRequest(1)] });
  await view.whole(owner);
  await eventually('its view is stored', async () => (await view.stored(owner)) !== undefined);
}

/** Handles one change like the service: commits, raises the floor, and applies it as soon as possible. */
export async function changes(view: OpenView, lists: ListsInMemory, owner: string, nickname: string): Promise<void> {
  const revision = lists.change(owner, rename(nickname));
  await view.raiseFloor(owner, revision);
  expect((await view.find(owner, idOf(1))).friend?.nickname).toBe(nickname);
  await eventually('the event is applied', () =>
    view.apply(owner, revision, rename(nickname)).then(
      () => true,
      () => false,
    ),
  );
  expect((await view.find(owner, idOf(1))).friend?.nickname).toBe(nickname);
}

/** Every list is answered by its view again, and that equals the database. */
export async function viewsAreWhole(view: OpenView, lists: ListsInMemory, owners: readonly string[]): Promise<void> {
  for (const owner of owners) {
    await eventually(`the view of ${owner} is whole`, async () => {
      await view.whole(owner);
      const { state, faults } = await view.inspect(owner);
      return faults.length === 0 && state?.revision === lists.of(owner).revision;
    });
  }
}
