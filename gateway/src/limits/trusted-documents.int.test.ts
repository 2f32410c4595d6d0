import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type TestGateway, withTestGateway } from '../testing/with-test-gateway.ts';
import { readTrustedDocuments } from './trusted-documents.ts';

const TEXT = 'query Who($id: ID!) { user(id: $id) { id } }';
const ID = createHash('sha256').update(TEXT).digest('hex');
const variables = { id: 'bob' };

const folder = await mkdtemp(join(tmpdir(), 'kith-documents-'));
afterAll(() => rm(folder, { recursive: true }));
const manifest = join(folder, 'documents.json');
await writeFile(manifest, JSON.stringify({ [ID]: TEXT }));

const { around, startAnother } = await withTestGateway();

async function askOverHttp(url: string, body: object) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await around.tokenOf('ada')}` },
    body: JSON.stringify(body),
  });
  const { data, errors } = (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] };
  return { status: response.status, data, code: errors?.[0]?.extensions.code };
}

async function askOverWebSocket(url: string, payload: object): Promise<unknown> {
  const authorization = `Bearer ${await around.tokenOf('ada')}`;
  const socket = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } })));
    socket.on('message', (text) => {
      const message = JSON.parse(String(text)) as {
        type: string;
        payload?: { data?: unknown } & { extensions: object }[];
      };
      if (message.type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
      if (message.type === 'next') resolve(message.payload?.data);
      if (message.type === 'error') resolve(message.payload?.[0]?.extensions);
      if (message.type === 'complete' || message.type === 'error') socket.close();
    });
  });
}

describe.each(['only', 'prefer'] as const)('%s', (mode) => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startAnother({ env: { TRUSTED_DOCUMENTS: mode, TRUSTED_DOCUMENTS_FILE: manifest } });
  });
  afterAll(() => gateway.stop());

  const overHttp = (body: object) => askOverHttp(gateway.graphql, body);
  const overWebSocket = (payload: object) => askOverWebSocket(gateway.graphql, payload);

  test.each([
    ['documentId', { documentId: ID }],
    ['Apollo’s hash', { extensions: { persistedQuery: { version: 1, sha256Hash: ID } } }],
  ])('a document of the manifest is answered by %s', async (_how, named) => {
    expect(await overHttp({ ...named, variables })).toEqual({ status: 200, data: { user: { id: 'bob' } } });
    expect(await overWebSocket({ query: '', ...named, variables })).toEqual({ user: { id: 'bob' } });
  });

  test('the text of a document of the manifest is answered too, word for word', async () => {
    expect(await overHttp({ query: TEXT, variables })).toEqual({ status: 200, data: { user: { id: 'bob' } } });
    expect(await overWebSocket({ query: TEXT, variables })).toEqual({ user: { id: 'bob' } });
  });

  test('an id of none is told so', async () => {
    const unknown = { documentId: 'f'.repeat(64), variables };
    expect(await overHttp(unknown)).toMatchObject({ status: 400, code: 'PERSISTED_QUERY_NOT_FOUND' });
    expect(await overWebSocket({ query: '', ...unknown })).toMatchObject({ code: 'PERSISTED_QUERY_NOT_FOUND' });
  });

  test(`another document is ${mode === 'only' ? 'refused' : 'answered as well'}`, async () => {
    const own = { query: '{ me { id } }' };
    if (mode === 'prefer') {
      expect(await overHttp(own)).toMatchObject({ status: 200, data: { me: { id: 'ada' } } });
      expect(await overWebSocket(own)).toEqual({ me: { id: 'ada' } });
    } else {
      expect(await overHttp(own)).toMatchObject({ status: 403, code: 'FORBIDDEN' });
      expect(await overWebSocket(own)).toMatchObject({ code: 'FORBIDDEN' });
      // Not even beside a document that is.
      const beside = { ...own, documentId: ID, variables };
      expect(await overHttp(beside)).toMatchObject({ status: 403, code: 'FORBIDDEN' });
      expect(await overWebSocket(beside)).toMatchObject({ code: 'FORBIDDEN' });
      // Nor with a space more than there is.
      expect(await overHttp({ query: `${TEXT} `, variables })).toMatchObject({ status: 403, code: 'FORBIDDEN' });
    }
  });
});

test('where the web client is served, the documents of its build are trusted, beside those of a file', async () => {
  const webFolder = join(folder, 'web');
  await mkdir(join(webFolder, '.vite'), { recursive: true });
  const own = 'query Me { me { id } }';
  await writeFile(join(webFolder, '.vite/trusted-documents.json'), JSON.stringify({ own }));
  const env = { TRUSTED_DOCUMENTS: 'only', WEB_FOLDER: webFolder };
  for (const more of [{}, { TRUSTED_DOCUMENTS_FILE: manifest }]) {
    const gateway = await startAnother({ env: { ...env, ...more } });
    const ask = async (body: object) => {
      const response = await fetch(gateway.graphql, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${await around.tokenOf('ada')}` },
        body: JSON.stringify(body),
      });
      return response.json();
    };
    expect(await ask({ query: own })).toEqual({ data: { me: { id: 'ada' } } });
    const other = await ask({ documentId: ID, variables });
    if ('TRUSTED_DOCUMENTS_FILE' in more) expect(other).toEqual({ data: { user: { id: 'bob' } } });
    else expect(other).toMatchObject({ errors: [{ extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] });
    await gateway.stop();
  }
});

test.each([
  ['no file and no web client', {}],
  ['no file, and a folder without a web client', { webFolder: '/nowhere' }],
  ['a file that is not there', { file: '/nowhere/documents.json' }],
])('%s is refused by the variable’s name', async (_what, where) => {
  await expect(readTrustedDocuments('only', where)).rejects.toThrow(/^TRUSTED_DOCUMENTS_FILE: /);
});
