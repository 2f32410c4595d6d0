import { createLog, graphqlErrorOf, KithError } from '@kith/service-kit';
import type { ExecutionArgs } from 'graphql';
import { expect, test } from 'vitest';
import type { ListChange } from '../../live/list/list-change.ts';
import { LiveList } from '../../live/list/live-list.ts';
import { PushedList } from '../../live/push-to-socket.ts';
import { subscribeInEnvelope } from './operations-over-websocket.ts';

/** A subscription whose results are pushed, as graphql-ws has it, and its list. */
async function pushedSubscription() {
  const logged: string[] = [];
  const log = createLog({ name: 'gateway', level: 'error' }, { write: (line) => void logged.push(line) });
  const list = new LiveList<ListChange>('c1', {
    listen: () => ({ stop: () => undefined }),
    changesSince: () => new Promise(() => undefined),
    pause: async () => undefined,
  });
  const frames = { open: true, write: () => undefined, whenOpen: () => undefined };
  const pushed = new PushedList(list, () => '', { frames, operationId: '1' });
  const args = { rootValue: { subscribe: async () => pushed } } as unknown as ExecutionArgs;
  const results = (await subscribeInEnvelope(args, log)) as AsyncIterableIterator<never>;
  return { list, logged, results };
}

test('an error that ends a pushed list is told with its code when it is meant for clients', async () => {
  const { list, results } = await pushedSubscription();
  const next = results.next();
  list.end(graphqlErrorOf(new KithError('SESSION_ENDED', 'This session has ended: sign in again.')));
  await expect(next).rejects.toMatchObject({ extensions: { code: 'SESSION_ENDED' } });
});

test('any other error that ends it goes to the log, and not a word of it to the client', async () => {
  const { list, logged, results } = await pushedSubscription();
  const next = results.next();
  list.end(new Error('a secret of the gateway'));
  const error = await next.catch((failure: unknown) => failure);
  expect(error).toMatchObject({ extensions: { code: 'INTERNAL_SERVER_ERROR' } });
  expect(String(error)).not.toContain('secret');
  expect(logged.join()).toContain('a secret of the gateway');
});

test('who leaves ends the list, and what waits for it', async () => {
  const { list, results } = await pushedSubscription();
  const next = results.next();
  await results.return?.();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(list.ended).toBe(true);
});
