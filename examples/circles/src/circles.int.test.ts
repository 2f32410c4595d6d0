import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codesOf, MEMBERS_CHANGES, peopleAndCircles } from './testing/people-and-circles.ts';
import { startCirclesForTest, type TestCircles } from './testing/start-circles-for-test.ts';

let service: TestCircles;
let [ann, bob, cy]: [string, string, string] = ['', '', ''];
beforeAll(async () => {
  service = await startCirclesForTest({ MEMBERS_PER_CIRCLE: 6, CIRCLES_PER_PERSON: 3 });
});
afterAll(() => service?.stop());
beforeEach(() => {
  [ann, bob, cy] = [newId(), newId(), newId()];
});

const { mutate, createCircle, join, membersOf, membersSince } = peopleAndCircles((...asked) => service.ask(...asked));

describe('circles', () => {
  test('are made, joined, left, and gone with the last member', async () => {
    const id = await createCircle(ann, '  Chess ');
    expect((await join(bob, id)).data.joinCircle.circle).toEqual({
      ...{ id, name: 'Chess', memberCount: 2, viewerRole: 'MEMBER' },
    });
    expect(await membersOf(ann, id)).toEqual([
      [ann, 'OWNER'],
      [bob, 'MEMBER'],
    ]);
    expect(codesOf(await mutate(ann, 'leaveCircle', { circleId: id }))).toEqual(['LAST_OWNER_MUST_STAY']);
    await mutate(ann, 'setCircleRole', { circleId: id, userId: bob, role: 'OWNER' });
    expect((await mutate(ann, 'leaveCircle', { circleId: id })).data.leaveCircle.circle).toMatchObject({
      memberCount: 1,
      viewerRole: null,
    });
    expect((await mutate(bob, 'leaveCircle', { circleId: id })).data.leaveCircle.circle).toBeNull();
    expect(codesOf(await join(ann, id))).toEqual(['CIRCLE_NOT_FOUND']);
  });

  test('two owners who leave at the same moment do not leave a circle without one', async () => {
    const id = await createCircle(ann);
    await join(bob, id);
    await join(cy, id);
    await mutate(ann, 'setCircleRole', { circleId: id, userId: bob, role: 'OWNER' });
    const answers = await Promise.all([ann, bob].map((userId) => mutate(userId, 'leaveCircle', { circleId: id })));
    expect(answers.flatMap(codesOf)).toEqual(['LAST_OWNER_MUST_STAY']);
    const roles = (await membersOf(cy, id)).map(([, role]: [string, string]) => role);
    expect(roles.sort()).toEqual(['MEMBER', 'OWNER']);
  });

  test('are full at their limit, and people at theirs, whoever comes at the same time', async () => {
    const id = await createCircle(ann);
    const many = await Promise.all(Array.from({ length: 8 }, () => join(newId(), id)));
    expect(many.flatMap(codesOf)).toEqual(['CIRCLE_IS_FULL', 'CIRCLE_IS_FULL', 'CIRCLE_IS_FULL']);
    const made = await Promise.all(Array.from({ length: 5 }, () => mutate(bob, 'createCircle', { name: 'Go' })));
    expect(made.flatMap(codesOf)).toEqual(['TOO_MANY_CIRCLES', 'TOO_MANY_CIRCLES']);
    const { data } = await service.ask(
      bob,
      'query { ownCirclesChanges { revision changes { ... on OwnCirclesSnapshot { circles { name } } } } }',
    );
    expect(data.ownCirclesChanges).toEqual({ revision: 3, changes: [{ circles: Array(3).fill({ name: 'Go' }) }] });
  });

  test.each([
    ['nobody', 'UNAUTHENTICATED', () => mutate(null, 'createCircle', { name: 'Chess' })],
    ['an empty name', 'BAD_USER_INPUT', () => mutate(ann, 'createCircle', { name: ' ' })],
    ['an id that is none', 'BAD_USER_INPUT', () => join(ann, "x'; DROP TABLE circle")],
    ['a circle that is not there', 'CIRCLE_NOT_FOUND', () => join(ann, newId())],
    [
      'a role that is none',
      'BAD_USER_INPUT',
      async () => mutate(ann, 'setCircleRole', { circleId: newId(), userId: bob, role: 'KING' }),
    ],
    [
      'a stranger',
      'NOT_A_MEMBER',
      async () => mutate(bob, 'renameCircle', { circleId: await createCircle(ann), name: 'Go' }),
    ],
  ])('refuse %s with %s', async (_what, code, asked) => {
    expect(codesOf(await asked())).toEqual([code]);
  });
});

describe('who may read and watch', () => {
  test('members alone see the members; a circle that is not there looks the same', async () => {
    const id = await createCircle(ann);
    const ask = (userId: string | null, circleId: string) => service.ask(userId, MEMBERS_CHANGES, { circleId });
    expect(codesOf(await ask(bob, id))).toEqual(['FORBIDDEN']);
    expect(codesOf(await ask(bob, newId()))).toEqual(['FORBIDDEN']);
    expect(codesOf(await ask(null, id))).toEqual(['UNAUTHENTICATED']);
    expect(
      codesOf(await service.ask(bob, 'query ($id: ID!) { circle(id: $id) { name members { role } } }', { id })),
    ).toEqual(['FORBIDDEN']);
    expect(
      (await service.ask(bob, 'query ($id: ID!) { circle(id: $id) { name viewerRole } }', { id })).data.circle,
    ).toEqual({
      name: 'Chess',
      viewerRole: null,
    });
  });

  test('the gateway asks of many at once where they stand and who may watch, with nobody signed in', async () => {
    const [one, two] = [await createCircle(ann), await createCircle(bob)];
    await join(cy, one);
    const { cursor } = await membersSince(ann, one);
    const asked = await service.ask(
      null,
      `query ($owners: [ID!]!, $cursors: [String], $viewers: [ID!]) {
        circleMembersStands(owners: $owners, cursors: $cursors, viewers: $viewers) { timeline revisions unchanged mayWatch }
        ownCirclesStands(owners: $owners) { revisions }
      }`,
      { owners: [one, two, one], cursors: [cursor, cursor, 'nonsense'], viewers: [cy, cy, bob] },
    );
    expect(asked.data.circleMembersStands).toMatchObject({
      revisions: [2, 1, 2],
      unchanged: [2, null, null],
      mayWatch: [true, false, false],
    });
    expect(asked.data.ownCirclesStands.revisions).toEqual([0, 0, 0]);
  });

  test('of others one sees the circles that one is in too', async () => {
    const [shared, secret] = [await createCircle(ann, 'Shared'), await createCircle(ann, 'Secret')];
    await join(bob, shared);
    const circlesOf = async (userId: string, of: string) => {
      const query = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { id circles { id name memberCount } } } }`;
      const { data } = await service.ask(userId, query, { of: [{ __typename: 'User', id: of }] });
      return data._entities[0].circles.map(({ id }: { id: string }) => id);
    };
    expect(await circlesOf(ann, ann)).toEqual([shared, secret].sort());
    expect(await circlesOf(bob, ann)).toEqual([shared]);
    expect(await circlesOf(cy, ann)).toEqual([]);
  });
});
