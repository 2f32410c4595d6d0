// Longer than other files: each kind of credentials against a server that is configured so, right and wrong.

import { readFile, rm, writeFile } from 'node:fs/promises';
import { eventually, freePort, type NatsServer, startNats } from '@kith/local-servers';
import {
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fmtCreds,
} from '@nats-io/jwt';
import { nkeys } from 'nats';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { collectLog } from '../../contract-tests/collect-log.ts';
import { startConfiguredNats } from '../../testing/nats/as-configured.ts';
import { makeCertificates } from '../../testing/nats/make-certificates.ts';
import { connectJetStream } from '../jetstream-broker.ts';
import type { NatsCredentials } from './read-nats-access.ts';

type Certificates = Awaited<ReturnType<typeof makeCertificates>>;

let files: Certificates;
const servers: NatsServer[] = [];
beforeAll(async () => {
  files = await makeCertificates();
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await files[Symbol.asyncDispose]();
});

async function configured(configuration: string, port?: number): Promise<NatsServer> {
  const server = await startConfiguredNats(configuration, port);
  servers.push(server);
  return server;
}

const at = ({ port }: NatsServer, scheme = 'nats') => `${scheme}://127.0.0.1:${port}`;
const connect = (url: string, credentials: NatsCredentials, log = collectLog()) =>
  connectJetStream({ servers: url, credentials, name: 'friend', log });

/** Connected, and able to do its work: a stream is made, and a message stored in it. */
async function works(url: string, credentials: NatsCredentials): Promise<void> {
  const broker = await connect(url, credentials);
  try {
    await broker.declareStream({ name: 'SHOP', subjects: ['shop.>'] });
    expect(await broker.publish([{ subject: 'shop.a', id: `${Math.random()}`, payload: '{}' }])).toMatchObject([
      { sequence: expect.any(Number) },
    ]);
  } finally {
    await broker.close();
  }
}

/** Of each kind: the server's configuration, credentials that fit, and others that do not. */
interface Kind {
  readonly configuration: string;
  readonly right: NatsCredentials;
  readonly wrong: NatsCredentials;
  readonly variable: string;
  readonly shown: string;
}

const seedOf = (user: { getSeed(): Uint8Array }) => new TextDecoder().decode(user.getSeed());

const KINDS: Record<string, () => Promise<Kind>> = {
  async 'a token'() {
    const [right, wrong] = [{ token: 'a/token?' }, { token: 'another' }];
    const configuration = `authorization: { token: "${right.token}" }\n`;
    return { configuration, right, wrong, variable: 'NATS_TOKEN', shown: 'by token' };
  },
  async 'an NKey'() {
    const [user, stranger] = [nkeys.createUser(), nkeys.createUser()];
    return {
      configuration: `authorization: { users: [ { nkey: ${user.getPublicKey()}, permissions: {
        publish: ["shop.>", "$JS.>"], subscribe: ["_INBOX.friend.>"] } } ] }\n`,
      right: { nkeySeedFile: await files.write('right.nk', `${seedOf(user)}\n`) },
      wrong: { nkeySeedFile: await files.write('wrong.nk', seedOf(stranger)) },
      variable: 'NATS_NKEY_SEED_FILE',
      shown: 'by NKey',
    };
  },
  async 'a credentials file'() {
    const [operator, account, system, user] = [createOperator(), createAccount(), createAccount(), createUser()];
    const limits = {
      disk_storage: -1,
      mem_storage: -1,
      streams: -1,
      consumer: -1,
      conn: -1,
      subs: -1,
      data: -1,
      payload: -1,
    };
    const accountJwt = await encodeAccount('kith', account, { limits } as never, { signer: operator });
    const systemJwt = await encodeAccount('system', system, {}, { signer: operator });
    const creds = async (signer: typeof account) =>
      new TextDecoder().decode(fmtCreds(await encodeUser('friend', user, signer, {}), user));
    return {
      configuration: [
        `operator: ${await encodeOperator('kith', operator, { system_account: system.getPublicKey() })}`,
        `system_account: ${system.getPublicKey()}`,
        'resolver: MEMORY',
        `resolver_preload: { ${account.getPublicKey()}: ${accountJwt}, ${system.getPublicKey()}: ${systemJwt} }\n`,
      ].join('\n'),
      right: { credsFile: await files.write('right.creds', await creds(account)) },
      wrong: { credsFile: await files.write('wrong.creds', await creds(createAccount())) },
      variable: 'NATS_CREDS_FILE',
      shown: 'by credentials file',
    };
  },
  async 'a certificate that says who we are'() {
    const authority = await files.authority('mapped');
    const server = await files.sign(authority, 'mapped-server');
    const ours = (of: { certFile: string; keyFile: string }) => ({ caFile: authority.file, ...of });
    return {
      configuration: `${tls(server, authority.file, 'verify_and_map: true')}
        authorization: { users: [ { user: "mapped-friend@kith.test" } ] }\n`,
      right: ours(await files.sign(authority, 'mapped-friend')),
      wrong: ours(await files.sign(authority, 'mapped-stranger')),
      variable: 'NATS_CERT_FILE',
      shown: 'by certificate',
    };
  },
};

const tls = (of: { certFile: string; keyFile: string }, ca: string, more = '') =>
  `tls: { cert_file: "${of.certFile}", key_file: "${of.keyFile}", ca_file: "${ca}", timeout: 5, ${more} }\n`;

describe.each(Object.keys(KINDS))('%s', (name) => {
  let kind: Kind;
  let server: NatsServer;
  beforeAll(async () => {
    kind = await (KINDS[name] as () => Promise<Kind>)();
    server = await configured(kind.configuration);
  });

  test('opens the server', () => works(at(server), kind.right));

  test('that is wrong gives one sentence that names its variable', async () => {
    const { variable, shown } = kind;
    await expect(connect(at(server), kind.wrong)).rejects.toMatchObject({
      code: 'NATS_REFUSES_CREDENTIALS',
      variable,
      message: expect.stringMatching(
        new RegExp(
          `^${variable}: NATS at 127.0.0.1:${server.port} \\(${shown}\\) refuses these credentials: correct .+\\.$`,
        ),
      ),
    });
  });

  test('that is wrong is told at once, too, where another server of the list is away', async () => {
    const away = `127.0.0.1:${await freePort()}`;
    for (const list of [`${at(server)},${away}`, `nats://${away},127.0.0.1:${server.port}`]) {
      await expect(connect(list, kind.wrong)).rejects.toMatchObject({ code: 'NATS_REFUSES_CREDENTIALS' });
    }
  });

  test('is needed', async () => {
    const { caFile } = kind.right;
    await expect(connect(at(server), { caFile })).rejects.toMatchObject({
      code: expect.stringMatching(/^NATS_(REFUSES_CREDENTIALS|NOT_TRUSTED)$/),
    });
  });
});

describe('TLS', () => {
  let authority: Awaited<ReturnType<Certificates['authority']>>;
  let stranger: typeof authority;
  let open: NatsServer;
  let asking: NatsServer;
  beforeAll(async () => {
    [authority, stranger] = [await files.authority('ours'), await files.authority('strangers')];
    const server = await files.sign(authority, 'server');
    open = await configured(tls(server, authority.file));
    asking = await configured(tls(server, authority.file, 'verify: true'));
  });

  test('with an authority of our own, whether the URL asks for it or not', async () => {
    for (const scheme of ['nats', 'tls']) await works(at(open, scheme), { caFile: authority.file });
  });

  test('with a user and password besides', async () => {
    const server = await files.sign(authority, 'with-users');
    const users = 'authorization: { users: [ { user: u, password: "p/w" } ] }\n';
    const { port } = await configured(tls(server, authority.file) + users);
    await works(`tls://u:p%2Fw@127.0.0.1:${port}`, { caFile: authority.file });
    await expect(connect(`tls://u:p@127.0.0.1:${port}`, { caFile: authority.file })).rejects.toMatchObject({
      code: 'NATS_REFUSES_CREDENTIALS',
      variable: 'NATS_URL',
    });
  });

  test('with a certificate of ours, for a server that asks for one', async () => {
    await works(at(asking, 'tls'), { caFile: authority.file, ...(await files.sign(authority, 'client')) });
  });

  test.each([
    ['no authority', () => ({}), 'NATS_CA_FILE'],
    ['another authority', () => ({ caFile: stranger.file }), 'NATS_CA_FILE'],
  ])('%s: the server is not believed', async (_, credentials, variable) => {
    await expect(connect(at(open), credentials())).rejects.toMatchObject({ code: 'NATS_NOT_TRUSTED', variable });
  });

  test('the certificate of another address is not believed', async () => {
    const server = await files.sign(authority, 'elsewhere', '127.0.0.9');
    const elsewhere = await configured(tls(server, authority.file));
    await expect(connect(at(elsewhere), { caFile: authority.file })).rejects.toMatchObject({
      code: 'NATS_NOT_TRUSTED',
      variable: 'NATS_CA_FILE',
    });
  });

  test.each([
    ['no certificate of ours', async () => ({})],
    ['one of another authority', async () => files.sign(stranger, 'client-of-a-stranger')],
  ])('%s: the server refuses, and the variable is named', async (_, ours) => {
    const credentials = { caFile: authority.file, ...(await ours()) };
    await expect(connect(at(asking), credentials)).rejects.toMatchObject({
      code: 'NATS_NOT_TRUSTED',
      variable: 'NATS_CERT_FILE',
    });
  });

  test('certificates and authorities are replaced while a process runs: its next connection uses the new files', async () => {
    const [first, second] = [await files.authority('first'), await files.authority('second')];
    const text = (file: string) => readFile(file, 'utf8');
    const theirs = { first: await files.sign(first, 'server-1'), second: await files.sign(second, 'server-2') };
    const clients = { first: await files.sign(first, 'client-1'), second: await files.sign(second, 'client-2') };
    const both = await files.write('both.pem', `${await text(first.file)}\n${await text(second.file)}`);
    const ours = {
      caFile: await files.write('rotated-ca.pem', await text(first.file)),
      certFile: await files.write('rotated.crt', await text(clients.first.certFile)),
      keyFile: await files.write('rotated.key', await text(clients.first.keyFile)),
    };
    let server = await configured(tls(theirs.first, both, 'verify: true'));
    const broker = await connect(at(server, 'tls'), ours);
    onTestFinished(() => broker.close());
    const again = async (of: typeof theirs.first, trusts: string) => {
      await server.stop();
      server = await configured(tls(of, trusts, 'verify: true'), server.port);
    };
    const isBack = (what: string) => eventually(what, () => broker.connected);
    const goesAway = () => eventually('it is away', () => !broker.connected);

    await again(theirs.first, both);
    await writeFile(ours.caFile, await text(both));
    await again(theirs.second, both);
    await isBack('it is back with both authorities');
    // Half written: tried again until it is whole.
    await writeFile(ours.certFile, (await text(clients.second.certFile)).slice(0, 80));
    await again(theirs.second, second.file);
    await goesAway();
    await writeFile(ours.keyFile, await text(clients.second.keyFile));
    await writeFile(ours.certFile, await text(clients.second.certFile));
    await isBack('it is back with its own new certificate');
    await rm(ours.caFile);
    await again(theirs.second, second.file);
    await goesAway();
    await writeFile(ours.caFile, await text(second.file));
    await isBack('it is back with the new authority alone');
    await again(theirs.first, both);
    await goesAway();
    await expect(connect(at(server, 'tls'), ours)).rejects.toMatchObject({ code: 'NATS_NOT_TRUSTED' });
  });

  test('a server without TLS is never spoken to in the clear', async () => {
    const plain = await configured('');
    await expect(connect(at(plain, 'tls'), {})).rejects.toMatchObject({
      code: 'NATS_NOT_TRUSTED',
      variable: 'NATS_URL',
    });
    await expect(connect(at(plain), { caFile: authority.file })).rejects.toMatchObject({ code: 'NATS_NOT_TRUSTED' });
  });
});

describe('a file', () => {
  const BAD: [string, () => Promise<NatsCredentials>, RegExp][] = [
    [
      'seed that is not there',
      async () => ({ nkeySeedFile: '/nowhere/u.nk' }),
      /^NATS_NKEY_SEED_FILE: .+ cannot be read \(ENOENT\)\.$/,
    ],
    [
      'seed that is none',
      async () => ({ nkeySeedFile: await files.write('x', 'SUxyz') }),
      /^NATS_NKEY_SEED_FILE: .+ holds no seed/,
    ],
    [
      'seed of an account',
      async () => ({ nkeySeedFile: await files.write('sa', seedOf(nkeys.createAccount())) }),
      /^NATS_NKEY_SEED_FILE: .+ holds no seed/,
    ],
    [
      'credentials that are none',
      async () => ({ credsFile: await files.write('y', 'hello') }),
      /^NATS_CREDS_FILE: .+ holds no JWT/,
    ],
    [
      'credentials that are a folder',
      async () => ({ credsFile: files.folder }),
      /^NATS_CREDS_FILE: .+ cannot be read \(EISDIR\)/,
    ],
    [
      'an authority that is none',
      async () => ({ caFile: await files.write('z', 'hello') }),
      /^NATS_CA_FILE: .+ holds no certificate/,
    ],
    ['a certificate without its key', async () => ({ certFile: files.folder }), /^NATS_KEY_FILE: is required beside/],
    ['a key without its certificate', async () => ({ keyFile: files.folder }), /^NATS_CERT_FILE: is required beside/],
    [
      'a token beside a seed',
      async () => ({ token: 't', nkeySeedFile: await files.write('s', seedOf(nkeys.createUser())) }),
      /^NATS_NKEY_SEED_FILE: NATS_TOKEN says who we are already/,
    ],
  ];
  test.each(BAD)('%s: said at once, with no secret', async (_, credentials, why) => {
    const connecting = connect('nats://127.0.0.1:1', await credentials());
    await expect(connecting).rejects.toMatchObject({
      code: 'BAD_NATS_CREDENTIALS',
      message: expect.stringMatching(why),
    });
  });

  test('a key of another certificate is said at once', async () => {
    const authority = await files.authority('two-keys');
    const [one, other] = [await files.sign(authority, 'one'), await files.sign(authority, 'other')];
    const credentials = { certFile: one.certFile, keyFile: other.keyFile };
    await expect(connect('nats://127.0.0.1:1', credentials)).rejects.toThrow(/^NATS_KEY_FILE: .+ is not the key of/);
  });

  test('credentials in the URL, too, are one too many', async () => {
    await expect(connect('nats://u:p@127.0.0.1:1', { token: 't' })).rejects.toThrow(/^NATS_TOKEN: NATS_URL says who/);
  });

  test('is read again at each connection: a rotated seed needs no restart, and a missing file no mercy', async () => {
    const [first, second] = [nkeys.createUser(), nkeys.createUser()];
    const users = (...allowed: (typeof first)[]) =>
      `authorization: { users: [ ${allowed.map((user) => `{ nkey: ${user.getPublicKey()} }`).join(', ')} ] }\n`;
    const seed = await files.write('rotated.nk', seedOf(first));
    const before = await startConfiguredNats(users(first));
    const broker = await connect(at(before), { nkeySeedFile: seed });
    onTestFinished(() => broker.close());
    await before.stop();
    await writeFile(seed, 'half writ');
    const same = await startConfiguredNats(users(first), before.port);
    await eventually('it is back with the seed that was good', () => broker.connected);
    await same.stop();
    await writeFile(seed, seedOf(second));
    await configured(users(second), before.port);
    await eventually('it is back with the new one', () => broker.connected);
  });
});

test('a server that is merely away is waited for, whatever the credentials', async () => {
  const user = nkeys.createUser();
  const port = await freePort();
  const seed = await files.write('late.nk', seedOf(user));
  const connecting = connect(`nats://127.0.0.1:${port}`, { nkeySeedFile: seed });
  await configured(`authorization: { users: [ { nkey: ${user.getPublicKey()} } ] }\n`, port);
  const broker = await connecting;
  expect(broker.connected).toBe(true);
  await broker.close();
});

test('a plain server of ours still opens to user and password', async () => {
  const server = await startNats();
  servers.push(server);
  await works(server.url, {});
});
