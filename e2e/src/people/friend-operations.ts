import { dataOf } from './ask-gateway.ts';
import type { Person } from './person.ts';

const FRIEND = 'remark displayName pinned tags since user { id nickname avatarUrl }';

export const ADD_FRIEND = `mutation ($input: AddFriendInput!) {
  addFriend(input: $input) { listCursor friend { ${FRIEND} } request { id message } } }`;
export const ACCEPT_REQUEST = `mutation ($input: AcceptFriendRequestInput!) {
  acceptFriendRequest(input: $input) { listCursor friend { ${FRIEND} } } }`;
export const UPDATE_FRIEND = `mutation ($input: UpdateFriendInput!) {
  updateFriend(input: $input) { listCursor friend { ${FRIEND} } } }`;
export const REMOVE_FRIEND = `mutation ($input: RemoveFriendInput!) {
  removeFriend(input: $input) { listCursor userId changed } }`;
export const UPDATE_PROFILE = `mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { nickname } } }`;

const send = (person: Person, query: string, input: object) =>
  dataOf(person.gatewayUrl, { query, variables: { input }, token: person.token });

export async function addFriend(person: Person, userId: string, more: { message?: string; remark?: string } = {}) {
  return (await send(person, ADD_FRIEND, { userId, ...more })).addFriend;
}

export async function acceptRequest(person: Person, requestId: string, remark?: string) {
  return (await send(person, ACCEPT_REQUEST, { requestId, remark })).acceptFriendRequest;
}

export async function updateFriend(
  person: Person,
  userId: string,
  change: { remark?: string | null; pinned?: boolean; tags?: string[] },
) {
  return (await send(person, UPDATE_FRIEND, { userId, ...change })).updateFriend;
}

export async function removeFriend(person: Person, userId: string) {
  return (await send(person, REMOVE_FRIEND, { userId })).removeFriend;
}

export async function updateProfile(
  person: Person,
  change: { nickname?: string; friendPolicy?: 'OPEN' | 'APPROVAL' | 'CLOSED' },
) {
  return (await send(person, UPDATE_PROFILE, change)).updateProfile.user;
}

/** One asks and the other accepts. */
export async function makeFriends(one: Person, other: Person): Promise<void> {
  const { request } = await addFriend(one, other.id);
  await acceptRequest(other, request.id);
}

const FRIENDS_PAGE = `query ($first: Int, $after: String, $orderBy: FriendOrder) {
  me { friends(first: $first, after: $after, orderBy: $orderBy) {
    totalCount listCursor pageInfo { hasNextPage endCursor } edges { node { ${FRIEND} } } } } }`;

export interface ListedFriend {
  readonly remark: string | null;
  readonly displayName: string;
  readonly pinned: boolean;
  readonly tags: readonly string[];
  readonly since: string;
  readonly user: { readonly id: string; readonly nickname: string; readonly avatarUrl: string | null };
}

/** One page of the person's own list. */
export async function readPage(
  person: Person,
  page: { first?: number; after?: string | null; orderBy?: 'NAME' | 'NEWEST' } = {},
): Promise<{ friends: ListedFriend[]; totalCount: number; listCursor: string; endCursor: string | null }> {
  const { me } = await dataOf(person.gatewayUrl, {
    query: FRIENDS_PAGE,
    variables: { first: 100, ...page },
    token: person.token,
  });
  const { edges, totalCount, listCursor, pageInfo } = me.friends;
  return {
    friends: edges.map(({ node }: { node: ListedFriend }) => node),
    totalCount,
    listCursor,
    endCursor: pageInfo.hasNextPage ? pageInfo.endCursor : null,
  };
}

/** All pages of the person's own list. */
export async function readWholeList(person: Person): Promise<ListedFriend[]> {
  const all: ListedFriend[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(person, { after });
    all.push(...page.friends);
    after = page.endCursor;
  } while (after !== null);
  return all;
}
