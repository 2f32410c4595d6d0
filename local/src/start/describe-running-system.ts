import { relative } from 'node:path';
import { ALWAYS_THERE, type Fields, type ServiceAlwaysThere } from '@kith/services';
import { DEMO_PASSWORD } from '../seed/seed-demonstration.ts';

const SIGN_IN = (username: string) =>
  `mutation { signIn(input: { username: "${username}", password: "${DEMO_PASSWORD}" }) { accessToken } }`;

/** The subscription of the tour. */
const WATCH = `subscription {
  friendListChanged {
    __typename revision cursor
    ... on FriendListSnapshot { complete friends { displayName user { id nickname } } }
    ... on FriendAdded { friend { displayName } }
    ... on FriendChanged { friend { displayName remark user { id nickname } } }
    ... on FriendRemoved { userId }
    ... on FriendRequestAdded { request { id from { nickname } message } }
  }
}`;
/** The mutation of the tour: a friend of the watching user changes their nickname. */
export const CHANGE = 'mutation { updateProfile(input: { nickname: "Ben the Brave" }) { user { nickname } } }';

export const OPERATIONS = [SIGN_IN('mr_hi'), WATCH, SIGN_IN('ben'), CHANGE];

/** What a person needs to see once everything runs. */
export function describeRunningSystem(
  system: Fields<ServiceAlwaysThere, 'Url', string> & {
    gatewayUrl: string;
    kithData: string;
    /** Whether the demonstration is there, and its password may be told. */
    hasDemonstration: boolean;
    tookMs: number;
  },
): string {
  const folder = relative(process.cwd(), system.kithData) || system.kithData;
  const lines = [
    `Kith runs (ready in ${(system.tookMs / 1000).toFixed(1)} s). Ctrl-C stops all of it.`,
    '',
    `  Web client        ${system.gatewayUrl}`,
    `  API and GraphiQL  ${system.gatewayUrl}/graphql`,
    `  Services          ${ALWAYS_THERE.map((name) => `${name} ${system[`${name}Url`]}`).join(', ')}`,
    `  Data and logs     ${folder}, ${folder}/logs`,
    '',
  ];
  const who = system.hasDemonstration
    ? [
        `  Demonstration     the 34 members of Zachary's karate club: mr_hi, ben, cleo, … john_a; password ${DEMO_PASSWORD}`,
        '',
      ]
    : ['  Without the demonstration: the operations below name members of it.', ''];
  const tour = [
    '  See a friend list change, in two tabs of GraphiQL:',
    '',
    '  1. In tab one sign in as mr_hi, and put the token under "Headers":  { "authorization": "Bearer <accessToken>" }',
    '',
    indented(SIGN_IN('mr_hi')),
    '',
    "  2. In the same tab watch mr_hi's friend list:",
    '',
    indented(WATCH),
    '',
    '  3. In tab two sign in as ben, set the header likewise, and change his nickname. Tab one shows it at once:',
    '',
    indented(SIGN_IN('ben')),
    indented(CHANGE),
    '',
  ];
  return [...lines, ...who, ...tour].join('\n');
}

const indented = (text: string) =>
  text
    .split('\n')
    .map((line) => `       ${line}`)
    .join('\n');
