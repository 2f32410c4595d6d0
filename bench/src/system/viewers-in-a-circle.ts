import type { RunningSystem } from '@kith/local';
import { signTokens } from './sign-tokens.ts';
import { befriend, makeUsers } from './talk-to-system.ts';

/** The read that gateways are compared by. */
export const FEDERATED_READ =
  '{ me { id nickname friends(first: 20) { edges { node { remark since user { id nickname avatarUrl } } } } } }';

export const VIEWERS = 300;
/** Each person's next so many in the circle are friends of theirs, and as many before them. */
const FRIENDS_AHEAD = 12;
export const FRIENDS = 2 * FRIENDS_AHEAD;

/** Signs in as many people who are friends of their neighbours in a circle; answers their tokens. */
export async function makeViewers(system: RunningSystem, kithData: string): Promise<string[]> {
  const ids = await makeUsers(system, 'viewer', VIEWERS);
  const pairs = ids.flatMap((id, at) =>
    Array.from({ length: FRIENDS_AHEAD }, (_, ahead): [string, string] => [id, ids[(at + ahead + 1) % ids.length]!]),
  );
  await befriend(system, pairs);
  return signTokens(kithData, ids);
}

/** What a gateway answers to the read for each viewer. Throws when it is no page of 20 friends. */
export async function answersFor(url: string, tokens: readonly string[]): Promise<string[]> {
  const body = JSON.stringify({ query: FEDERATED_READ });
  const answers: string[] = [];
  for (const token of tokens) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const response = await fetch(url, { method: 'POST', headers, body });
    const text = await response.text();
    if (dataIn(text)?.me?.friends.edges.length !== 20) throw new Error(`no page of 20 friends: ${text.slice(0, 300)}`);
    answers.push(text);
  }
  return answers;
}

type Data = { me?: { friends: { edges: unknown[] } } };

export function dataIn(text: string): Data | undefined {
  return (JSON.parse(text) as { data?: Data }).data;
}
