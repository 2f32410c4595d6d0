import { startRedis } from '@kith/local-servers';
import { CLIENT_ADDRESS_HEADER, createLog, parseConfig } from '@kith/service-kit';
import { usersOfRedis } from '@kith/services';
import { afterAll, expect, test } from 'vitest';
import { startUserService } from '../start-user-service.ts';
import { accountOperations, PASSWORD } from '../testing/account-operations.ts';
import { GATEWAY_KEY, startUserServiceForTests } from '../testing/start-user-service-for-tests.ts';
import { userConfigSchema } from '../user-config.ts';

const redis = await startRedis({ users: usersOfRedis });
const service = await startUserServiceForTests({
  REDIS_URL: redis.urlOf('user'),
  SIGN_IN_FAILURES_PER_ACCOUNT: '3',
  SIGN_IN_FAILURES_PER_ADDRESS: '8',
  SIGN_IN_WINDOW_S: '60',
});
const log = createLog({ name: 'second', level: 'silent' });
const second = await startUserService(parseConfig(userConfigSchema, service.env), log);
afterAll(async () => {
  await second.stop();
  await service[Symbol.asyncDispose]();
  await redis.stop();
});
const { newUser, changePassword, deleteAccount } = accountOperations(service);

const SIGN_IN = 'mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }';
let nextAddress = 1;
const freshAddress = () => `198.51.100.${nextAddress++}`;

async function signInFrom(address: string, username: string, password: string) {
  const headers = { [CLIENT_ADDRESS_HEADER]: address };
  const { codes, errors } = await service.graphql(SIGN_IN, { input: { username, password } }, undefined, headers);
  return { code: codes[0] ?? 'OK', retryAfterMs: errors[0]?.extensions.retryAfterMs as number | undefined };
}
const timesInTurn = async (times: number, work: (n: number) => Promise<{ code: string }>) => {
  const codes: string[] = [];
  for (let n = 0; n < times; n += 1) codes.push((await work(n)).code);
  return codes;
};

test('after three wrong passwords an account refuses the right one too, from any address, and says for how long', async () => {
  await newUser('guessed');
  expect(await timesInTurn(3, () => signInFrom(freshAddress(), 'guessed', 'wrong'))).toEqual(
    Array(3).fill('INVALID_CREDENTIALS'),
  );
  const refused = await signInFrom(freshAddress(), ' GUESSED ', PASSWORD);
  expect(refused.code).toBe('RATE_LIMITED');
  expect(refused.retryAfterMs).toBeGreaterThan(50_000);
  expect(refused.retryAfterMs).toBeLessThanOrEqual(60_000);
});

test('a name that nobody has is limited just the same', async () => {
  expect(await timesInTurn(4, () => signInFrom(freshAddress(), 'nobody_here', 'wrong'))).toEqual([
    ...Array(3).fill('INVALID_CREDENTIALS'),
    'RATE_LIMITED',
  ]);
});

test('an address is limited over all accounts, its neighbours are not', async () => {
  await newUser('bystander');
  const address = freshAddress();
  expect(await timesInTurn(9, (n) => signInFrom(address, `spray_${n}`, 'wrong'))).toEqual([
    ...Array(8).fill('INVALID_CREDENTIALS'),
    'RATE_LIMITED',
  ]);
  expect((await signInFrom(freshAddress(), 'bystander', PASSWORD)).code).toBe('OK');
});

test('right passwords use nothing up', async () => {
  await newUser('regular');
  const address = freshAddress();
  expect(await timesInTurn(12, () => signInFrom(address, 'regular', PASSWORD))).toEqual(Array(12).fill('OK'));
});

test('a hundred guesses at once are three guesses', async () => {
  await newUser('rushed');
  const codes = await Promise.all(Array.from({ length: 100 }, () => signInFrom(freshAddress(), 'rushed', 'wrong')));
  const guessed = codes.filter(({ code }) => code === 'INVALID_CREDENTIALS');
  expect(guessed.length).toBe(3);
  expect(codes.filter(({ code }) => code === 'RATE_LIMITED')).toHaveLength(97);
});

test('processes count together', async () => {
  await newUser('spread');
  await timesInTurn(3, () => signInFrom(freshAddress(), 'spread', 'wrong'));
  const response = await fetch(`${second.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-kith-gateway-key': GATEWAY_KEY },
    body: JSON.stringify({ query: SIGN_IN, variables: { input: { username: 'spread', password: PASSWORD } } }),
  });
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  expect(errors[0]!.extensions.code).toBe('RATE_LIMITED');
});

test('a stolen token guesses no password either', async () => {
  const { accessToken } = await newUser('stolen');
  const codes: (string | undefined)[] = [];
  for (let n = 0; n < 2; n += 1) {
    const input = { currentPassword: `wrong ${n}`, newPassword: 'a new horse battery' };
    codes.push((await changePassword(input, accessToken)).codes[0]);
    codes.push((await deleteAccount({ password: `wrong ${n}` }, accessToken)).codes[0]);
  }
  expect(codes).toEqual([...Array(3).fill('INVALID_CREDENTIALS'), 'RATE_LIMITED']);
});

test('nobody but the gateway says whose address it is', async () => {
  const response = await fetch(`${service.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [CLIENT_ADDRESS_HEADER]: freshAddress() },
    body: JSON.stringify({ query: SIGN_IN, variables: { input: { username: 'guessed', password: 'x' } } }),
  });
  expect(response.status).toBe(401);
});

test('what is kept in Redis names no account and no address, and goes by itself', async () => {
  const { Redis } = await import('ioredis');
  const client = new Redis(redis.url);
  const keys = await client.keys('*');
  expect(keys.length).toBeGreaterThan(0);
  expect(keys.filter((key) => /guessed|nobody_here|198\.51/.test(key))).toEqual([]);
  for (const key of keys) expect(await client.pttl(key)).toBeGreaterThan(0);
  client.disconnect();
});

test('a Redis that is too slow, or has forgotten, gives no more guesses', async () => {
  await newUser('patient');
  redis.pause();
  const guesses = await timesInTurn(2, () => signInFrom(freshAddress(), 'patient', 'wrong'));
  redis.resume();
  const { Redis } = await import('ioredis');
  const client = new Redis(redis.url);
  await client.flushall();
  client.disconnect();
  guesses.push(...(await timesInTurn(2, () => signInFrom(freshAddress(), 'patient', 'wrong'))));
  expect(guesses).toEqual([...Array(3).fill('INVALID_CREDENTIALS'), 'RATE_LIMITED']);
});

// Last: Redis does not come back.
test('without Redis each process goes on limiting by itself', async () => {
  await newUser('outage');
  await redis.kill();
  expect((await signInFrom(freshAddress(), 'outage', PASSWORD)).code).toBe('OK');
  expect(await timesInTurn(4, () => signInFrom(freshAddress(), 'outage', 'wrong'))).toEqual([
    ...Array(3).fill('INVALID_CREDENTIALS'),
    'RATE_LIMITED',
  ]);
});
