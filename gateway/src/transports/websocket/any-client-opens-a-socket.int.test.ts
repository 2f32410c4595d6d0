import { once } from 'node:events';
import { eventually } from '@kith/local-servers';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { withTestGateway } from '../../testing/with-test-gateway.ts';

const { around, gateway } = await withTestGateway({ env: { TRUSTED_PROXIES: 'loopback' } });
const authorization = `Bearer ${await around.tokenOf('ada')}`;

describe('a socket', () => {
  async function whoIs(payload: unknown, target = gateway.graphql, headers: Record<string, string> = {}) {
    const socket = new WebSocket(target.replace('http', 'ws'), ['another', 'graphql-transport-ws'], { headers });
    const heard: { type: string; payload?: { data?: { me: unknown } } }[] = [];
    let closedWith: number | undefined;
    socket.on('message', (data) => heard.push(JSON.parse(String(data))));
    socket.on('close', (code) => {
      closedWith = code;
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init', payload }));
    await eventually('the acknowledgement', () => heard.length === 1 || closedWith !== undefined);
    if (closedWith !== undefined) return closedWith;
    socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: '{ me { id } }' } }));
    await eventually('the answer', () => heard.length === 3);
    socket.terminate();
    return heard[1]?.payload?.data?.me;
  }

  test.each(['authorization', 'Authorization', 'AUTHORIZATION'])(
    'takes the token as %s, and among headers',
    async (name) => {
      expect(await whoIs({ [name]: authorization })).toEqual({ id: 'ada' });
      expect(await whoIs({ headers: { [name]: authorization } })).toEqual({ id: 'ada' });
    },
  );

  test.each([[null], [undefined], [{}], [{ headers: null }], [{ headers: [1] }], [{ headers: {} }]])(
    'is nobody’s with %j',
    async (payload) => {
      expect(await whoIs(payload)).toBeNull();
    },
  );

  test.each([
    [[1], 4400],
    [5, 4400],
    ['x', 4400],
    [{ Authorization: 7 }, 4403],
    [{ headers: { authorization: {} } }, 4403],
  ])('is closed with %j: %i', async (payload, code) => {
    expect(await whoIs(payload)).toBe(code);
  });

  test('is opened with a slash at the end', async () => {
    expect(await whoIs({ authorization }, `${gateway.graphql}/`)).toEqual({ id: 'ada' });
  });

  test('is opened for a page of its own site behind a proxy that rewrites Host', async () => {
    const origin = 'https://kith.example.org';
    const behind = { origin, 'x-forwarded-host': 'kith.example.org' };
    expect(await whoIs({ authorization }, gateway.graphql, behind)).toEqual({ id: 'ada' });
    await expect(whoIs({ authorization }, gateway.graphql, { origin })).rejects.toThrow('403');
  });
});
