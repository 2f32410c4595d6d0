import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { liveSessionEnded } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type SeenChange, WATCH } from '../../testing/live-client.ts';
import { withTestGateway } from '../../testing/with-test-gateway.ts';

const { around, gateway, startAnother } = await withTestGateway();
let owner: string;

beforeEach(() => {
  owner = randomUUID();
});

/** One stream of server-sent events (graphql-sse, distinct connections mode), parsed as it comes. */
async function stream(url: string, token: string, variables: object = {}) {
  const events: { event: string; data: string }[] = [];
  let cut = false;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
    };
    httpRequest(url, { method: 'POST', headers, agent: false }, resolve)
      .on('error', reject)
      .end(JSON.stringify({ query: WATCH, variables }));
  });
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = /^event: (.*)$/m.exec(text.slice(0, end))?.[1];
      const data = /^data: ?(.*)$/m.exec(text.slice(0, end))?.[1] ?? '';
      if (event) events.push({ event, data });
      text = text.slice(end + 2);
    }
  });
  response.on('error', () => {
    cut = true;
  });
  return {
    response,
    events,
    get changes(): SeenChange[] {
      return events.filter(({ event }) => event === 'next').map(({ data }) => JSON.parse(data).data?.friendListChanged);
    },
    get cut() {
      return cut;
    },
    stop: () => response.destroy(),
  };
}

/** The clock of this process, until the test is over. */
function laterBy(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
  onTestFinished(() => void vi.useRealTimers());
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? 0);
}

const subscribers = () => metric('kith_live_subscribers');

describe('server-sent events', () => {
  test('bring the snapshot and every change', async () => {
    around.commit(owner, 'one');
    const open = await stream(gateway.graphql, await around.tokenOf(owner));
    expect(open.response.headers['content-type']).toContain('text/event-stream');
    await eventually('the snapshot', () => open.changes.at(-1)?.complete);
    around.commit(owner, 'two');
    await eventually('the change', () => open.changes.length === 3);
    expect(open.changes.map(({ revision }) => revision)).toEqual([1, 1, 2]);
    open.stop();
  });

  test('a client that leaves frees everything within a second', async () => {
    const open = await stream(gateway.graphql, await around.tokenOf(owner));
    await eventually('the snapshot', () => open.changes.at(-1)?.complete);
    expect(await subscribers()).toBe(1);
    open.stop();
    await eventually('nothing to be left', async () => (await subscribers()) === 0);
  });

  test('a client that does not read costs a bounded buffer, and misses nothing when it reads again', async () => {
    const open = await stream(gateway.graphql, await around.tokenOf(owner), { after: `${owner}:0` });
    around.commit(owner, 'first');
    await eventually('the first', () => open.changes.length === 1);
    open.response.pause();
    const remark = 'x'.repeat(4_000);
    const overflows = () => metric('kith_live_catch_ups_total{reason="OVERFLOW"}');
    const overflowsBefore = await overflows();
    let last = 1;
    await eventually(
      'more than its buffers hold',
      async () => {
        for (let each = 0; each < 200; each += 1) last = around.commit(owner, remark).revision;
        expect(await metric('kith_live_queued_changes')).toBeLessThanOrEqual(256);
        return last > 5_000;
      },
      { everyMs: 5 },
    );
    open.response.resume();
    await eventually('everything', () => open.changes.at(-1)?.revision === last);
    expect(open.changes.map(({ revision }) => revision)).toEqual(Array.from({ length: last }, (_, index) => index + 1));
    expect(await overflows()).toBeGreaterThan(overflowsBefore);
    open.stop();
  });

  test('the end of the session ends the stream, and says why', async () => {
    const open = await stream(gateway.graphql, await around.tokenOf(owner, { sessionId: 'phone' }));
    await eventually('the snapshot', () => open.changes.at(-1)?.complete);
    around.broker.announce(liveSessionEnded(owner), JSON.stringify({ sessionIds: ['phone'] }));
    await eventually('the end', () => open.events.at(-1)?.event === 'complete');
    expect(JSON.parse(open.events.at(-2)!.data).errors[0].extensions.code).toBe('SESSION_ENDED');
  });

  test('the expiry of the token ends the stream, and says why', async () => {
    const open = await stream(gateway.graphql, await around.tokenOf(owner, { expiresInS: 900 }));
    await eventually('the snapshot', () => open.changes.at(-1)?.complete);
    laterBy(901_000);
    await eventually('the end', () => open.events.at(-1)?.event === 'complete');
    expect(JSON.parse(open.events.at(-2)!.data).errors[0].extensions.code).toBe('UNAUTHENTICATED');
  });

  test('a gateway that stops cuts the stream without completing it, so that its client comes back', async () => {
    const other = await startAnother({ drainMs: 100 });
    const open = await stream(other.graphql, await around.tokenOf(owner));
    await eventually('the snapshot', () => open.changes.at(-1)?.complete);
    await other.stop();
    await eventually('the cut', () => open.cut);
    expect(open.events.map(({ event }) => event)).not.toContain('complete');
  });
});
