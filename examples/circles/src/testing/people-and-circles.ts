import type { Answer, TestCircles } from './start-circles-for-test.ts';

export const MEMBERS_CHANGES = `query ($circleId: ID!, $after: String) {
  circleMembersChanges(circleId: $circleId, after: $after) {
    cursor revision hasMore changes {
      __typename revision cursor occurredAt
      ... on CircleMembersSnapshot { reason complete members { role user { id } } }
      ... on CircleMemberJoined { member { role user { id } } }
      ... on CircleMemberChanged { member { role user { id } } }
      ... on CircleMemberLeft { userId leaving }
    }
  }
}`;

/** What clients say to the service, of people and circles. */
export function peopleAndCircles(ask: TestCircles['ask']) {
  const mutate = (userId: string | null, field: string, input: object) =>
    ask(
      userId,
      `mutation ($input: ${field[0]?.toUpperCase()}${field.slice(1)}Input!) {
        ${field}(input: $input) { listCursor circle { id name memberCount viewerRole } }
      }`,
      { input },
    );
  async function createCircle(userId: string, name = 'Chess'): Promise<string> {
    return (await mutate(userId, 'createCircle', { name })).data.createCircle.circle.id;
  }
  const join = (userId: string, circleId: string) => mutate(userId, 'joinCircle', { circleId });
  const membersOf = async (userId: string, id: string) => {
    const answer = await ask(userId, 'query ($id: ID!) { circle(id: $id) { members { role user { id } } } }', {
      id,
    });
    return answer.data.circle.members.map(({ role, user }: { role: string; user: { id: string } }) => [user.id, role]);
  };
  const membersSince = async (userId: string, circleId: string, after?: string) =>
    (await ask(userId, MEMBERS_CHANGES, { circleId, after })).data.circleMembersChanges;
  return { mutate, createCircle, join, membersOf, membersSince };
}

export const codesOf = ({ errors = [] }: Answer) => errors.map(({ extensions }) => extensions.code);
