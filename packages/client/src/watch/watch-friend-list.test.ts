import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Session } from '../session/session.ts';
import { type LiveState, watchFriendList } from './watch-friend-list.ts';

const session = { accessToken: () => Promise.resolve('token'), tokenRefused: () => {} } as unknown as Session;

/** A gateway's end of a WebSocket, by what it still answers. */
function fakeGateway() {
  const answers = { connection_init: true, ping: true };
  const opened: object[] = [];
  const asked: (string | null)[] = [];
  class FakeSocket {
    static readonly CONNECTING = 0;
    static readonly OPEN = 1;
    static readonly CLOSING = 2;
    static readonly CLOSED = 3;
    readyState = FakeSocket.OPEN;
    onopen?: () => void;
    onmessage?: (event: { data: string }) => void;
    onclose?: (event: object) => void;
    constructor() {
      opened.push(this);
      setTimeout(() => this.onopen?.());
    }
    send(data: string) {
      const { type, id, payload } = JSON.parse(data);
      if (type === 'connection_init' && answers.connection_init) this.#say({ type: 'connection_ack' });
      if (type === 'ping' && answers.ping) this.#say({ type: 'pong' });
      if (type === 'subscribe') asked.push(payload.variables.after);
      if (type === 'subscribe')
        this.#say({ id, type: 'next', payload: { data: { friendListChanged: answerTo(payload.variables.after) } } });
    }
    close() {
      this.readyState = FakeSocket.CLOSED;
    }
    #say(message: object) {
      setTimeout(() => this.onmessage?.({ data: JSON.stringify(message) }));
    }
  }
  return { answers, opened, asked, FakeSocket };
}

const snapshot = {
  __typename: 'FriendListSnapshot',
  reason: 'SUBSCRIBED',
  revision: 1,
  cursor: 'c1',
  complete: true,
  friends: [],
  requests: [],
};

/** What follows `old` is not the next change for a list that believes itself at revision 3. */
const answerTo = (after: string | null) =>
  after === 'old' ? { __typename: 'FriendRemoved', revision: 9, cursor: 'c9', userId: 'u1' } : snapshot;

let states: LiveState[];
let gateway: ReturnType<typeof fakeGateway>;
let watching: ReturnType<typeof watchFriendList>;

beforeEach(() => {
  vi.useFakeTimers();
  states = [];
  gateway = fakeGateway();
  watching = watchFriendList({
    url: 'ws://gateway/graphql',
    session,
    webSocket: gateway.FakeSocket,
    random: () => 0,
    onState: (state) => states.push(state),
    onChange: () => {},
  });
});
afterEach(() => {
  watching.stop();
  vi.useRealTimers();
});

test('stays on a connection on which nothing happens but answered pings', async () => {
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  expect(states.at(-1)).toBe('live');
  expect(gateway.opened).toHaveLength(1);
});

test('a gateway that answers no ping any more is left within 20 s, and another connection is made', async () => {
  await vi.advanceTimersByTimeAsync(1_000);
  expect(states.at(-1)).toBe('live');
  gateway.answers.ping = false;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(states).toContain('offline');
  gateway.answers.ping = true;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(gateway.opened.length).toBeGreaterThan(1);
  expect(states.at(-1)).toBe('live');
});

test('a gateway that opens connections and then says nothing is tried again and again, each time for 10 s', async () => {
  gateway.answers.connection_init = false;
  await vi.advanceTimersByTimeAsync(9_000);
  expect(gateway.opened).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(gateway.opened.length).toBeGreaterThan(2);
  gateway.answers.connection_init = true;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(states.at(-1)).toBe('live');
});

test('a stored cursor that does not fit the stored revision costs one hole, and not one after the other', async () => {
  const saved = { cursor: 'old', revision: 3, friends: [], requests: [] };
  const { asked, FakeSocket } = gateway;
  const options = { url: 'ws://gateway/graphql', session, webSocket: FakeSocket, random: () => 0, saved };
  asked.length = 0;
  const other = watchFriendList({ ...options, onState: () => {}, onChange: () => {} });
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked.filter((after) => after === 'old')).toHaveLength(1);
  expect(other.list.revision).toBe(1);
  other.stop();
});
