import { eventually } from '@kith/local-servers';
import { addFriend, updateProfile } from '../people/friend-operations.ts';
import { type Person, signUp } from '../people/person.ts';
import type { HuntedSystem } from '../system/hunted-system.ts';

export interface HuntPeople {
  /** Whose lists are watched, and the friends they have. */
  readonly owners: readonly { readonly person: Person; readonly friendIds: readonly string[] }[];
  /** Take friends without asking. */
  readonly open: readonly Person[];
  /** Want to be asked. */
  readonly reserved: readonly Person[];
}

const OPEN_PEOPLE = 10;
const RESERVED_PEOPLE = 3;
const FRIENDS_AT_FIRST = 5;

export async function signUpPeople(system: HuntedSystem, lists: number): Promise<HuntPeople> {
  const { gatewayUrls } = system;
  // One after the other: a password costs the service more than anything else does.
  const signUpAll = async (count: number, name: string) => {
    const people: Person[] = [];
    for (let n = 0; n < count; n += 1) people.push(await signUp(gatewayUrls[n % gatewayUrls.length]!, `${name}_${n}`));
    return people;
  };
  const [owners, open, reserved] = [
    await signUpAll(lists, 'owner'),
    await signUpAll(OPEN_PEOPLE, 'open'),
    await signUpAll(RESERVED_PEOPLE, 'reserved'),
  ];
  for (const person of [...owners, ...open]) await updateProfile(person, { friendPolicy: 'OPEN' });
  await eventually('the friend service knows who is open', async () => {
    const { rows } = await system.friendDatabase.query("SELECT FROM profile WHERE friend_policy = 'OPEN'");
    return rows.length === lists + OPEN_PEOPLE;
  });
  const friendIds = open.slice(0, FRIENDS_AT_FIRST).map(({ id }) => id);
  for (const owner of owners) for (const id of friendIds) await addFriend(owner, id);
  return { owners: owners.map((person) => ({ person, friendIds })), open, reserved };
}
