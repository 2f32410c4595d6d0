import { eventually } from '@kith/local-servers';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { codesOf, MEMBERS_CHANGES, peopleAndCircles } from './testing/people-and-circles.ts';
import { startCirclesForTest, type TestCircles } from './testing/start-circles-for-test.ts';

let service: TestCircles;
let [ann, bob, cy]: [string, string, string] = ['', '', ''];
beforeAll(async () => {
  service = await startCirclesForTest();
});
afterAll(() => service?.stop());
beforeEach(() => {
  [ann, bob, cy] = [newId(), newId(), newId()];
});

const { mutate, createCircle, join, membersOf, membersSince } = peopleAndCircles((...asked) => service.ask(...asked));

describe('the two live lists', () => {
  test('each change of the members comes once, in order, from any cursor', async () => {
    const id = await createCircle(ann);
    const start = await membersSince(ann, id);
    expect(start.changes).toMatchObject([
      { __typename: 'CircleMembersSnapshot', reason: 'SUBSCRIBED', complete: true, revision: 1 },
    ]);
    await join(bob, id);
    await join(bob, id);
    await mutate(ann, 'setCircleRole', { circleId: id, userId: bob, role: 'ADMIN' });
    await join(cy, id);
    await mutate(bob, 'removeCircleMember', { circleId: id, userId: cy });
    const { changes } = await membersSince(ann, id, start.cursor);
    expect(changes).toMatchObject([
      { __typename: 'CircleMemberJoined', revision: 2, member: { role: 'MEMBER', user: { id: bob } } },
      { __typename: 'CircleMemberChanged', revision: 3, member: { role: 'ADMIN', user: { id: bob } } },
      { __typename: 'CircleMemberJoined', revision: 4, member: { user: { id: cy } } },
      { __typename: 'CircleMemberLeft', revision: 5, userId: cy, leaving: 'REMOVED' },
    ]);
    expect(await membersSince(ann, id, changes[2].cursor)).toMatchObject({
      changes: [{ revision: 5 }],
      hasMore: false,
    });
  });

  test('a large circle is answered in parts at one revision, each member once; a part that is gone has its code', async () => {
    const id = await createCircle(ann);
    const database = new pg.Client({ connectionString: service.databaseUrl });
    await database.connect();
    onTestFinished(() => database.end());
    const many = 'INSERT INTO circle_member SELECT $1, gen_random_uuid(), $2, now() FROM generate_series(1, 4999)';
    await database.query(many, [id, 'MEMBER']);
    const first = await membersSince(ann, id);
    expect([first.hasMore, first.changes.at(-1).complete]).toEqual([true, false]);
    const pages = [...first.changes];
    let part = first;
    for (; part.hasMore; pages.push(...part.changes)) part = await membersSince(ann, id, part.cursor);
    expect(pages.slice(0, -1).every(({ complete, revision }) => !complete && revision === 1)).toBe(true);
    expect(pages.at(-1)).toMatchObject({ complete: true, revision: 1 });
    const members = pages.flatMap(({ members }) => members.map(({ user }: { user: { id: string } }) => user.id));
    expect([members.length, new Set(members).size]).toEqual([5_000, 5_000]);

    await database.query('DELETE FROM live_list_snapshot');
    expect(codesOf(await service.ask(ann, MEMBERS_CHANGES, { circleId: id, after: first.cursor }))).toEqual([
      'SNAPSHOT_EXPIRED',
    ]);
  });

  test('a new name comes to the list of everybody in the circle; who it is of is in no other list', async () => {
    const id = await createCircle(ann);
    const { listCursor } = (await join(bob, id)).data.joinCircle;
    await mutate(ann, 'renameCircle', { circleId: id, name: 'Go' });
    const query = `query ($after: String) { ownCirclesChanges(after: $after) { changes {
      __typename revision ... on OwnCircleChanged { circle { name role circle { id name } } } } } }`;
    const { data } = await service.ask(bob, query, { after: listCursor });
    expect(data.ownCirclesChanges.changes).toEqual([
      {
        __typename: 'OwnCircleChanged',
        revision: 2,
        circle: { name: 'Go', role: 'MEMBER', circle: { id, name: 'Go' } },
      },
    ]);
    const stranger = await service.ask(cy, query, { after: listCursor });
    expect(stranger.data.ownCirclesChanges.changes).toMatchObject([{ __typename: 'OwnCirclesSnapshot' }]);
  });

  test('changes are announced to gateways as they are answered, also those made while the service was away', async () => {
    const heard: { subject: string; said: { owner: string; revision: number; change: object; recheck?: true } }[] = [];
    const listening = service.broker.listen('live.*.*', (payload, subject) => {
      heard.push({ subject, said: JSON.parse(payload) });
    });
    onTestFinished(async () => void (await listening.stop()));
    const id = await createCircle(ann);
    const start = await membersSince(ann, id);
    const of = (subject: string) => heard.filter((each) => each.subject === subject).map(({ said }) => said);
    await eventually('it is announced to the circle and to its owner', () =>
      [`live.circle-members.${id}`, `live.own-circles.${ann}`].every((subject) => of(subject).length > 0),
    );
    await join(bob, id);
    await service.restart();
    await mutate(bob, 'leaveCircle', { circleId: id });
    await eventually('all is announced', () =>
      [2, 3].every((each) => of(`live.circle-members.${id}`).some(({ revision }) => revision === each)),
    );
    const announced = new Map(of(`live.circle-members.${id}`).map((said) => [said.revision, said]));
    const { changes } = await membersSince(ann, id, start.cursor);
    expect(announced.get(2)?.change).toMatchObject(changes[0]);
    expect(announced.get(3)).toMatchObject({
      v: 2,
      kind: 'circle-members',
      owner: id,
      recheck: true,
      change: changes[1],
    });
    expect(announced.get(2)).not.toHaveProperty('recheck');
  });

  test('whose account is gone is in no circle any more, and comes back into none', async () => {
    const [orphaned, lonely] = [await createCircle(ann), await createCircle(ann)];
    await join(bob, orphaned);
    const start = await membersSince(bob, orphaned);
    await service.deleteAccount(ann);
    await eventually('the other is alone', async () => (await membersOf(bob, orphaned)).length === 1);
    expect((await membersSince(bob, orphaned, start.cursor)).changes).toMatchObject([
      { __typename: 'CircleMemberChanged', member: { role: 'OWNER', user: { id: bob } } },
      { __typename: 'CircleMemberLeft', userId: ann, leaving: 'ACCOUNT_GONE' },
    ]);
    await eventually('the other circle is gone', async () =>
      codesOf(await join(cy, lonely)).includes('CIRCLE_NOT_FOUND'),
    );
    expect(codesOf(await join(ann, orphaned))).toEqual(['ACCOUNT_GONE']);
    expect(codesOf(await mutate(ann, 'createCircle', { name: 'Again' }))).toEqual(['ACCOUNT_GONE']);
  });
});
