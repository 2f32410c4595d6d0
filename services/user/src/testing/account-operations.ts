import type { GraphqlAnswer, UserServiceUnderTest } from './start-user-service-for-tests.ts';

export const PASSWORD = 'correct horse battery';

const SESSION = '{ accessToken expiresAt refreshToken user { id username nickname avatarUrl createdAt } }';

export interface TestSession {
  readonly accessToken: string;
  readonly expiresAt: string;
  readonly refreshToken: string;
  readonly user: { id: string; username: string; nickname: string; avatarUrl: string | null; createdAt: string };
}

/** The operations of the tests, as a client would send them. */
export function accountOperations(service: UserServiceUnderTest) {
  const send = (operation: string, type: string, selection: string) => (input: object, accessToken?: string) =>
    service.graphql(`mutation ($input: ${type}!) { ${operation}(input: $input) ${selection} }`, { input }, accessToken);

  const operations = {
    signUp: send('signUp', 'SignUpInput', SESSION),
    signIn: send('signIn', 'SignInInput', SESSION),
    refreshSession: send('refreshSession', 'RefreshSessionInput', SESSION),
    signOut: send('signOut', 'SignOutInput', '{ signedOut }'),
    updateProfile: send('updateProfile', 'UpdateProfileInput', '{ user { nickname avatarUrl friendPolicy } }'),
    changePassword: send('changePassword', 'ChangePasswordInput', SESSION),
    deleteAccount: send('deleteAccount', 'DeleteAccountInput', '{ deleted }'),
  };
  const first = (answer: GraphqlAnswer): TestSession => {
    const session = answer.data && Object.values(answer.data)[0];
    if (!session) throw new Error(`No session: ${JSON.stringify(answer.errors)}`);
    return session as TestSession;
  };

  return {
    ...operations,
    /** A new account with PASSWORD, signed in. */
    newUser: async (username: string, nickname = username) =>
      first(await operations.signUp({ username, password: PASSWORD, nickname })),
    newSession: async (username: string, password = PASSWORD) => first(await operations.signIn({ username, password })),
    sessionOf: first,
  };
}
