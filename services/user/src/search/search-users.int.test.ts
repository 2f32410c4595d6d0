import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountOperations } from '../testing/account-operations.ts';
import { startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';

const service = await startUserServiceForTests();
afterAll(() => service[Symbol.asyncDispose]());
const { newUser, updateProfile } = accountOperations(service);

const NAMES = {
  ann: 'Ann Bell',
  ann_bell: 'Somebody Else',
  annabel: 'Annabel Lee',
  bob: 'Bob Ann',
  cem: 'Cem Yılmaz',
  zoe: 'Zoë Ångström',
  xiaolong: '小龙 李',
  bell_ann: 'Chimes',
  n7: 'Seven of Nine',
  wang: '王小明',
  yamada: '山田ｶﾞｸ',
  kim: '김철수',
  oneil: 'Shaquille O’Neal',
  ody: 'ΟΔΥΣΣΕΥΣ',
  isik: 'Işık İnci',
  lukasz: 'Łukasz Großmann',
  styled: '𝓢𝓽𝔂𝓵𝓮𝓭 ﬁsh',
};
let token = '';
beforeAll(async () => {
  token = (await newUser('searcher')).accessToken;
  const body = { usernames: Object.keys(NAMES), nicknames: Object.values(NAMES), password: 'correct horse battery' };
  expect((await service.operator('/operator/import-users', body)).status).toBe(200);
});

const SEARCH = `query ($text: String!, $first: Int, $after: String) {
  searchUsers(text: $text, first: $first, after: $after) {
    edges { cursor node { username } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

async function search(text: string, first?: number, after?: string) {
  const { data, errors } = await service.graphql(SEARCH, { text, first, after }, token);
  if (!data) throw new Error(JSON.stringify(errors));
  const { edges, pageInfo } = data.searchUsers;
  return { names: edges.map((edge: { node: { username: string } }) => edge.node.username) as string[], pageInfo };
}

test.each([
  ['ann', ['ann', 'ann_bell', 'bell_ann', 'bob', 'annabel']],
  ['ANNA', ['annabel']],
  ['zoe', ['zoe']],
  ['zoë', ['zoe']],
  ['angs', ['zoe']],
  ['yil', ['cem']],
  ['小', ['xiaolong', 'wang']],
  ['李', ['xiaolong']],
  ['nine', ['n7']],
  ['nn', []],
  ['小明', ['wang']],
  ['明', ['wang']],
  ['田ガ', ['yamada']],
  ['철수', ['kim']],
  ['철수'.normalize('NFD'), ['kim']],
  ["O'Neal", ['oneil']],
  ['oneal', ['oneil']],
  ['neal', ['oneil']],
  ['Οδυσσεύς', ['ody']],
  ['ışık', ['isik']],
  ['ISIK', ['isik']],
  ['İNCİ', ['isik']],
  ['Lukasz', ['lukasz']],
  ['GROSSMANN', ['lukasz']],
  ['Großmann', ['lukasz']],
  ['styled', ['styled']],
  ['fish', ['styled']],
  ['ｚｏｅ', ['zoe']],
  ['\u200b', []],
  ['\u2060\u00ad', []],
  ['\u3164', []],
  ['\u0301', []],
  ['%', []],
  ['_', []],
  ['ann\u0000', ['ann', 'ann_bell', 'bell_ann', 'bob', 'annabel']],
])('"%s" finds %j', async (text, names) => {
  expect((await search(text)).names.toSorted()).toEqual(names.toSorted());
});

test('whole words come before longer ones, usernames before nicknames', async () => {
  const { names } = await search('ann');
  expect(names[0]).toBe('ann');
  expect(names.indexOf('ann_bell')).toBeLessThan(names.indexOf('bob'));
  expect(names.at(-1)).toBe('annabel');
});

test('who matches every word comes before who matches some, and the username itself before all', async () => {
  const { names } = await search('ann_bell');
  expect(names[0]).toBe('ann_bell');
  expect(names.slice(1, 3).toSorted()).toEqual(['ann', 'bell_ann']);
  expect(names.slice(3).toSorted()).toEqual(['annabel', 'bob']);
});

test('the parts of a word with an apostrophe are found together first', async () => {
  expect((await search('O Neal')).names[0]).toBe('oneil');
});

test('words that begin one another are one word', async () => {
  expect((await search('an ann')).names).toEqual((await search('ann')).names);
});

test.each(['ann', 'ann bell', 'bell seven'])('the pages of "%s" are the whole list, each user once', async (text) => {
  const whole = (await search(text, 100)).names;
  const paged: string[] = [];
  let after: string | undefined;
  for (;;) {
    const { names, pageInfo } = await search(text, 2, after);
    paged.push(...names);
    expect(pageInfo.hasPreviousPage).toBe(after !== undefined);
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  expect(paged).toEqual(whole);
  expect(new Set(whole).size).toBe(whole.length);
});

test('a new nickname is found at once, the old one no more', async () => {
  const { accessToken } = await newUser('renamed', 'Oldname');
  await updateProfile({ nickname: 'Freshname' }, accessToken);
  expect((await search('oldname')).names).toEqual([]);
  expect((await search('freshn')).names).toEqual(['renamed']);
});

test.each([
  [{ text: '' }, { field: 'text', limit: 1 }],
  [{ text: ' ' }, { field: 'text', limit: 1 }],
  [{ text: 'x'.repeat(65) }, { field: 'text', limit: 64 }],
  [
    { text: 'a', first: 0 },
    { field: 'first', limit: 1 },
  ],
  [
    { text: 'a', first: -5 },
    { field: 'first', limit: 1 },
  ],
  [
    { text: 'a', first: 101 },
    { field: 'first', limit: 100 },
  ],
  [{ text: 'a', after: 'forged' }, { field: 'after' }],
])('%o is refused', async (variables, where) => {
  const { errors } = await service.graphql(SEARCH, variables, token);
  expect(errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', ...where });
});
