import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';

const SIGN_IN = 'mutation FirstSignIn($input: SignInInput!) { signIn(input: $input) { accessToken } }';
const WITHIN_MS = 60_000;

/**
 * Readiness as a user sees it: resolves once a sign-in would be answered, through the gateway, by the user service. Nobody
 * signs in: the name is nobody's, and being told so is the answer.
 */
export async function awaitFirstSignIn(gatewayUrl: string): Promise<void> {
  const username = `nobody_${randomUUID().slice(0, 8)}`;
  const body = JSON.stringify({ query: SIGN_IN, variables: { input: { username, password: randomUUID() } } });
  await eventually(
    'a first sign-in is answered',
    async () => {
      const response = await fetch(`${gatewayUrl}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(10_000),
      });
      return isAnswer(response.status, (await response.json()) as Answer);
    },
    { withinMs: WITHIN_MS, everyMs: 250 },
  );
}

type Answer = { errors?: { extensions?: { code?: string } }[] };

/** Any refusal is an answer, but for those that say "later". */
function isAnswer(status: number, { errors = [] }: Answer): boolean {
  const later = ['SERVICE_UNAVAILABLE', 'INTERNAL_SERVER_ERROR', 'TIMEOUT'];
  return status < 500 && !errors.some(({ extensions }) => later.includes(extensions?.code ?? ''));
}
