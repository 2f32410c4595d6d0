import { askUntilAnswered } from './ask-gateway.ts';
import type { Person } from './person.ts';

const mutation = (field: string, input: string) =>
  `mutation ($input: ${input}!) { ${field}(input: $input) { listCursor circle { id } } }`;

export const CREATE_CIRCLE = mutation('createCircle', 'CreateCircleInput');
export const JOIN_CIRCLE = mutation('joinCircle', 'JoinCircleInput');
export const LEAVE_CIRCLE = mutation('leaveCircle', 'LeaveCircleInput');
export const RENAME_CIRCLE = mutation('renameCircle', 'RenameCircleInput');
export const SET_CIRCLE_ROLE = mutation('setCircleRole', 'SetCircleRoleInput');
export const REMOVE_CIRCLE_MEMBER = mutation('removeCircleMember', 'RemoveCircleMemberInput');

const MEMBERS = `query ($circleId: ID!) { circle(id: $circleId) { members(first: 500) { role joinedAt user { id } } } }`;

const send = ({ gatewayUrl, token }: Person, query: string, input: object) =>
  askUntilAnswered([gatewayUrl], { query, variables: { input }, token });

/** The id of the new circle. */
export async function createCircle(owner: Person, name: string): Promise<string> {
  const { createCircle } = await send(owner, CREATE_CIRCLE, { name });
  return createCircle.circle.id;
}

export async function joinCircle(person: Person, circleId: string): Promise<void> {
  await send(person, JOIN_CIRCLE, { circleId });
}

/** The members as a member is answered, by the ids of the people. */
export async function readMembers({ gatewayUrl, token }: Person, circleId: string) {
  const { circle } = await askUntilAnswered([gatewayUrl], { query: MEMBERS, variables: { circleId }, token });
  return circle.members as { user: { id: string } }[];
}

/** The ids of the person's own circles. */
export async function readOwnCircles({ gatewayUrl, token }: Person): Promise<string[]> {
  const query = '{ me { circles(first: 500) { id } } }';
  const { me } = await askUntilAnswered([gatewayUrl], { query, variables: {}, token });
  return me.circles.map(({ id }: { id: string }) => id);
}
