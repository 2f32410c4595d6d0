import { askUntilAnswered, Refused } from './ask-gateway.ts';

/** Somebody who is signed in, and the gateway that they talk to. */
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly token: string;
  readonly gatewayUrl: string;
}

export const PASSWORD = 'correct horse battery';

const SESSION = 'accessToken refreshToken expiresAt user { id username nickname }';
export const SIGN_UP = `mutation ($input: SignUpInput!) { signUp(input: $input) { ${SESSION} } }`;
export const SIGN_IN = `mutation ($input: SignInInput!) { signIn(input: $input) { ${SESSION} } }`;

interface SessionAnswer {
  readonly accessToken: string;
  readonly user: { readonly id: string; readonly username: string };
}

/**
 * Also while the user service is slow or just coming up again: a sign-up that nobody answered may have been made all
 * the same, and then the name is taken by this very person.
 */
export async function signUp(gatewayUrl: string, username: string, nickname = username): Promise<Person> {
  const input = { username, password: PASSWORD, nickname };
  let retried = false;
  try {
    const { signUp } = await askUntilAnswered([gatewayUrl], { query: SIGN_UP, variables: { input } }, () => {
      retried = true;
    });
    return personOf(signUp, gatewayUrl);
  } catch (error) {
    if (retried && error instanceof Refused && error.code === 'USERNAME_TAKEN') return signIn(gatewayUrl, username);
    throw error;
  }
}

/** Also while the user service is just coming up again: the operation is repeated until it is answered. */
export async function signIn(gatewayUrl: string, username: string, password = PASSWORD): Promise<Person> {
  const { signIn } = await askUntilAnswered([gatewayUrl], {
    query: SIGN_IN,
    variables: { input: { username, password } },
  });
  return personOf(signIn, gatewayUrl);
}

/** The same person and session, through another gateway. */
export function through(gatewayUrl: string, person: Person): Person {
  return { ...person, gatewayUrl };
}

function personOf({ accessToken, user }: SessionAnswer, gatewayUrl: string): Person {
  return { id: user.id, username: user.username, token: accessToken, gatewayUrl };
}
