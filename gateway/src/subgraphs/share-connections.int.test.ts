import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLog } from '@kith/service-kit';
import { afterAll, expect, test } from 'vitest';
import { shareConnections } from './share-connections.ts';

const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
});

async function startNamed(name: string) {
  const server = createServer((request, response) => {
    request.resume();
    response.end(JSON.stringify({ data: { name } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { urls: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`] };
}

const log = createLog({ name: 'test', level: 'silent' });
const QUERY = { query: '{ name }' };

test('what was begun with a service that has moved goes on where it is now; one that stays is the same', async () => {
  const [before, after, other] = [await startNamed('before'), await startNamed('after'), await startNamed('other')];
  const connect = shareConnections({ gatewayKey: 'k', log, answerWithinMs: 2_000 });
  const first = connect(
    new Map([
      ['boards', before],
      ['other', other],
    ]),
  );
  const { boards, other: stays } = first.subgraphs;
  expect(await boards!.call(QUERY)).toEqual({ data: { name: 'before' } });

  const second = connect(
    new Map([
      ['boards', after],
      ['other', other],
    ]),
  );
  // Both are in use: each is asked where it was.
  expect(await boards!.call(QUERY)).toEqual({ data: { name: 'before' } });
  expect(await second.subgraphs.boards!.call(QUERY)).toEqual({ data: { name: 'after' } });
  await first.release();
  await first.release();
  expect(await boards!.call(QUERY)).toEqual({ data: { name: 'after' } });
  expect(await stays!.call(QUERY)).toEqual({ data: { name: 'other' } });

  // Tried, and refused: what is in use stays.
  const refused = connect(new Map([['boards', before]]));
  await refused.release();
  expect(await boards!.call(QUERY)).toEqual({ data: { name: 'after' } });
  await second.release();
});
