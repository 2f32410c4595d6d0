import { CHANGE_PASSWORD, REFRESH_SESSION, SIGN_IN, SIGN_UP } from '../api/operations.ts';
import { KithApiError, type Operation } from '../network/send-operation.ts';
import type { Tokens } from '../storage/read-stored-layout.ts';

export type SendAs = <Data>(operation: Operation, accessToken: string | null) => Promise<Data>;

const OPENED_BY = {
  signUp: SIGN_UP,
  signIn: SIGN_IN,
  refreshSession: REFRESH_SESSION,
  changePassword: CHANGE_PASSWORD,
} as const;

/**
 * Has the server open a session. One that was opened is handed back, though something else of its answer is missing: its
 * tokens are told once. Throws KithApiError or Unreachable.
 */
export async function askForTokens(
  send: SendAs,
  field: keyof typeof OPENED_BY,
  input: object,
  accessToken: string | null = null,
): Promise<Tokens> {
  try {
    const answer = await send<Record<string, Tokens>>({ query: OPENED_BY[field], variables: { input } }, accessToken);
    return answer[field] as Tokens;
  } catch (error) {
    const told = error instanceof KithApiError ? error.completed[field] : undefined;
    if (isSession(told)) return told;
    throw error;
  }
}

function isSession(told: unknown): told is Tokens {
  const { accessToken, expiresAt, refreshToken, user } = (told ?? {}) as Partial<Record<keyof Tokens, unknown>>;
  const isText = (value: unknown) => typeof value === 'string';
  return isText(accessToken) && isText(expiresAt) && isText(refreshToken) && typeof user === 'object' && user !== null;
}
