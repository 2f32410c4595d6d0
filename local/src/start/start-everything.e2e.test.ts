import { existsSync } from 'node:fs';
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, freePort, startNats } from '@kith/local-servers';
import { NATS_USERS, REDIS_USERS, usersOfNats } from '@kith/services';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { readSystemRecord, type SystemRecord } from '../data-folder/claim-data-folder.ts';
import { stillRuns } from '../data-folder/look-at-processes.ts';
import { DEMO_PASSWORD } from '../seed/seed-demonstration.ts';
import { runKith, runStart, type StartUnderTest, untilItRuns } from './run-start-in-a-test.ts';

let kithData: string;
let env: Record<string, string>;
let running: StartUnderTest | undefined;

beforeAll(async () => {
  kithData = await mkdtemp(join(tmpdir(), 'kith-start-'));
  env = { KITH_DATA: kithData, PORT: String(await freePort()), LOG_LEVEL: 'warn' };
});
afterEach(async () => {
  running?.process.kill('SIGTERM');
  await running?.ended;
  running = undefined;
});
afterAll(() => rm(kithData, { recursive: true, force: true }));

const start = async () => {
  running = runStart(env);
  await untilItRuns(running);
  const record = (await readSystemRecord(kithData)) as SystemRecord;
  return { start: running, record, marks: Object.values(record.processes) };
};
const graphql = async (query: string, token?: string) => {
  const response = await fetch(`http://127.0.0.1:${env.PORT}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data: Record<string, unknown>; errors?: unknown };
};
const signedIn = async (username: string) => {
  const answer = await graphql(
    `mutation { signIn(input: { username: "${username}", password: "${DEMO_PASSWORD}" }) { accessToken } }`,
  );
  return (answer.data.signIn as { accessToken: string }).accessToken;
};

// In this order, on one data folder: the first start, the life of it, an ordinary second one, and two crashes.
describe('one data folder', () => {
  test('the first start seeds the club, and SIGTERM leaves no process and no record', async () => {
    const { start: first, marks } = await start();
    expect(marks).toHaveLength(6);
    const { data } = await graphql('{ me { nickname friends { totalCount } } }', await signedIn('mr_hi'));
    expect(data.me).toEqual({ nickname: 'Mr. Hi', friends: { totalCount: 16 } });

    first.process.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
    expect(marks.filter(stillRuns)).toEqual([]);
    expect(existsSync(join(kithData, 'system.json'))).toBe(false);
  });

  test('while it runs: a second start is refused in one sentence, kith finds it, what is killed comes back', async () => {
    const { start: first, record } = await start();
    const refused = await runStart({ ...env, PORT: String(await freePort()) }).ended;
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^Kith already runs from .+ at http:.+: use it, stop it \(kill \d+\), or set .+\n$/);

    expect(await runKith(env, 'status')).toMatchObject({ code: 0 });
    expect(await runKith(env, 'events', 'reconcile')).toMatchObject({ code: 0 });

    for (const name of ['friend', 'nats', 'redis'] as const) {
      process.kill(record.processes[name]!.pid, 'SIGKILL');
      await eventually(`${name} runs again`, () => first.said.stderr.includes(`${name} runs again`));
      const now = (await readSystemRecord(kithData))?.processes[name];
      expect(now?.pid).not.toBe(record.processes[name]?.pid);
    }
    await eventually('the list can be read', async () => {
      const { data } = await graphql('{ me { friends { totalCount } } }', await signedIn('john_a'));
      return (data.me as { friends?: { totalCount: number } } | null)?.friends?.totalCount === 17;
    });
  });

  test('kill -9 of start ends all it started, and the next start goes on with the same data', async () => {
    const { start: first, marks } = await start();
    await graphql('mutation { updateProfile(input: { nickname: "Cleo II" }) { user { id } } }', await signedIn('cleo'));
    first.process.kill('SIGKILL');
    await first.ended;
    await eventually('its children have ended', () => !marks.some(stillRuns));

    await start();
    const { data } = await graphql('{ me { nickname } }', await signedIn('cleo'));
    expect(data.me).toEqual({ nickname: 'Cleo II' });
  });
});

describe('a data folder of an earlier version', () => {
  test('gets the passwords that it lacks and loses the eyes of others; what it held is still there', async () => {
    const secretsFile = join(kithData, 'secrets.json');
    const { gatewayKey, operatorKey, postgresPassword } = JSON.parse(await readFile(secretsFile, 'utf8'));
    await writeFile(secretsFile, JSON.stringify({ gatewayKey, operatorKey, postgresPassword }));
    const others = [
      '',
      'secrets.json',
      'signing-keys.json',
      'demonstration',
      'logs',
      'logs/user.log',
      'nats',
      'nats/jetstream',
    ];
    for (const name of others) {
      const path = join(kithData, name);
      await chmod(path, (await stat(path)).mode | 0o055);
    }

    const { start: upgraded } = await start();
    const { data } = await graphql('{ me { nickname friends { totalCount } } }', await signedIn('cleo'));
    expect(data.me).toEqual({ nickname: 'Cleo II', friends: { totalCount: 10 } });
    const secrets = JSON.parse(await readFile(secretsFile, 'utf8'));
    expect(secrets).toMatchObject({ gatewayKey, operatorKey, postgresPassword });
    expect(Object.keys(secrets.natsPasswords).sort()).toEqual([...NATS_USERS].sort());
    expect(Object.keys(secrets.redisPasswords).sort()).toEqual([...REDIS_USERS].sort());
    const openToOthers: string[] = [];
    for (const name of ['', ...(await readdir(kithData, { recursive: true }))]) {
      const found = await lstat(join(kithData, name)).catch(() => undefined);
      if (found && (found.mode & 0o077) !== 0) openToOthers.push(name);
    }
    expect(openToOthers).toEqual([]);
    // The description of the running system contains no password.
    const { stdout } = await runKith(env, 'status');
    for (const secret of [
      postgresPassword,
      ...Object.values(secrets.natsPasswords),
      ...Object.values(secrets.redisPasswords),
    ]) {
      expect(upgraded.said.stdout + upgraded.said.stderr + stdout).not.toContain(secret);
      for (const log of await readdir(join(kithData, 'logs'))) {
        expect(await readFile(join(kithData, 'logs', log), 'utf8')).not.toContain(secret);
      }
    }
  });
});

describe('the demonstration’s password', () => {
  const told = async () => (await fetch(`http://127.0.0.1:${env.PORT}/demonstration.json`)).json();
  const ownFolder = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kith-open-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    return folder;
  };

  test('is told on loopback, and on no other host, where it was told before or not', async () => {
    await start();
    expect(await told()).toMatchObject({ password: DEMO_PASSWORD });
    running!.process.kill('SIGTERM');
    await running!.ended;

    running = runStart({ ...env, HOST: '0.0.0.0' });
    await untilItRuns(running);
    expect(await told()).toBeNull();
    expect(running.said.stdout).not.toContain(`password ${DEMO_PASSWORD}`);
    expect(running.said.stderr).toContain('everybody knows their password');
  });

  test('opens nothing on a host that others can reach: its accounts are not made there', async () => {
    running = runStart({ ...env, HOST: '0.0.0.0', KITH_DATA: await ownFolder() });
    await untilItRuns(running);
    expect(await told()).toBeNull();
    const signIn = `mutation { signIn(input: { username: "mr_hi", password: "${DEMO_PASSWORD}" }) { accessToken } }`;
    expect(await graphql(signIn)).toMatchObject({ errors: [{ extensions: { code: 'INVALID_CREDENTIALS' } }] });
  });

  test('is not told where the databases are others than those that hold the demonstration', async () => {
    const folder = await ownFolder();
    await writeFile(join(folder, 'demonstration'), 'complete');
    await writeFile(join(folder, 'demonstration.json'), JSON.stringify({ password: DEMO_PASSWORD, people: [] }));
    running = runStart({ ...env, KITH_DATA: folder });
    await untilItRuns(running);
    expect(await told()).toBeNull();
    expect(running.said.stdout).not.toContain(`password ${DEMO_PASSWORD}`);
  });
});

describe('what keeps it from starting is said in one sentence, with code 1', () => {
  // Beside the sentence a slow machine says what it waits for.
  const sentence = (text: string) =>
    text
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('Still at this: '));

  test('a port in use', async () => {
    const other = createServer().listen(Number(env.PORT), '127.0.0.1');
    const refused = await runStart(env).ended;
    other.close();
    expect(refused.code).toBe(1);
    expect(sentence(refused.stderr)).toEqual([expect.stringMatching(/^Port \d+ on 127.0.0.1 is in use.+PORT=\d+ npx/)]);
  });

  test('a data folder that cannot be made', async () => {
    const file = join(kithData, 'a-file');
    await writeFile(file, '');
    const refused = await runStart({ ...env, KITH_DATA: join(file, 'data') }).ended;
    expect(refused.code).toBe(1);
    expect(sentence(refused.stderr)).toEqual([expect.stringMatching(/cannot be made \(ENOTDIR\): set KITH_DATA/)]);
  });

  test('a bad variable', async () => {
    const refused = await runStart({ ...env, PORT: 'many' }).ended;
    expect(refused.code).toBe(1);
    expect(sentence(refused.stderr)).toEqual([expect.stringMatching(/^PORT: must be a whole number/)]);
  });

  test('a NATS that refuses the credentials of NATS_URL', async () => {
    const nats = await startNats({ users: usersOfNats });
    const wrong = nats.urlOf('user').replace(/:[0-9a-f]+@/, ':not-the-secret@');
    const refused = await runStart({ ...env, NATS_URL: wrong }).ended;
    await nats.stop();
    expect(refused.code).toBe(1);
    expect(sentence(refused.stderr)).toEqual([
      expect.stringMatching(/NATS_URL: NATS at 127.0.0.1:\d+ \(as user\) refuses these credentials: correct /),
    ]);
    expect(refused.stderr).not.toContain('not-the-secret');
  });

  test('a database that does not answer', async () => {
    const url = `postgresql://nobody@127.0.0.1:${await freePort()}/kith`;
    const refused = await runStart({ ...env, USER_DATABASE_URL: url, FRIEND_DATABASE_URL: url }).ended;
    expect(refused.code).toBe(1);
    expect(sentence(refused.stderr)).toEqual([
      expect.stringMatching(/^The database of USER_DATABASE_URL cannot be used/),
    ]);
  });

  test('a corrupt database', async () => {
    await writeFile(join(kithData, 'postgres', 'global', 'pg_control'), 'garbage');
    const refused = await runStart(env).ended;
    expect(refused.code).toBe(1);
    expect(sentence(refused.stderr)).toEqual([
      expect.stringMatching(/^Postgres does not start on .+: restore that folder from a backup, or move it away/),
    ]);
  });
});
