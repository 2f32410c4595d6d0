import { askUntilAnswered, dataOf } from './ask-gateway.ts';

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

export async function signUp(gatewayUrl: string, username: string, nickname = username): Promise<Person> {
  const input = { username, password: PASSWORD, nickname };
  const { signUp } = await dataOf(gatewayUrl, { query: SIGN_UP, variables: { input } });
  return personOf(signUp, gatewayUrl);
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
