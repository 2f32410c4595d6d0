import type { RunningSystem } from '@kith/local';

export const PASSWORD = 'for-the-benchmark';

/** Asks a gateway; throws when it answers with an error. */
async function askGateway<Data>(
  gatewayUrl: string,
  query: string,
  options: { token?: string; variables?: object } = {},
): Promise<Data> {
  const response = await fetch(`${gatewayUrl}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
    },
    body: JSON.stringify({ query, variables: options.variables ?? {} }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: { message: string }[] };
  if (errors) throw new Error(`The gateway answers: ${errors.map(({ message }) => message).join('; ')}`);
  return data;
}

export async function signIn(system: RunningSystem, username: string): Promise<string> {
  const { signIn } = await askGateway<{ signIn: { accessToken: string } }>(
    system.gateways[0]!.url,
    'mutation SignIn($input: SignInInput!) { signIn(input: $input) { accessToken } }',
    { variables: { input: { username, password: PASSWORD } } },
  );
  return signIn.accessToken;
}

/** Makes users called `<prefix>0`, `<prefix>1`, … as `kith import` does; answers their ids in that order. */
export async function makeUsers(system: RunningSystem, prefix: string, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < count; from += 1_000) {
    const usernames = Array.from({ length: Math.min(1_000, count - from) }, (_, index) => `${prefix}${from + index}`);
    const { users } = await askOperator<{ users: { username: string; id: string }[] }>(
      system,
      `${system.user.url}/operator/import-users`,
      { usernames, password: PASSWORD },
    );
    const idOf = new Map(users.map(({ username, id }) => [username, id]));
    ids.push(...usernames.map((username) => idOf.get(username)!));
  }
  return ids;
}

/** Makes friends of each pair, by the rules and with the events of `addFriend`. */
export async function befriend(system: RunningSystem, pairs: readonly (readonly [string, string])[]): Promise<void> {
  for (let from = 0; from < pairs.length; from += 1_000) {
    const batch = pairs.slice(from, from + 1_000);
    const { bound } = await askOperator<{ bound: number }>(system, `${system.friend.url}/operator/import-friendships`, {
      pairs: batch,
    });
    if (bound !== batch.length) throw new Error(`Only ${bound} of ${batch.length} pairs became friends.`);
  }
}

async function askOperator<Data>(system: RunningSystem, url: string, body: object): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${system.operatorKey}` },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${new URL(url).pathname} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as Data;
}
