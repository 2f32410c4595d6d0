import { eventually } from '@kith/local-servers';
import { onTestFinished } from 'vitest';
import { createFriendListView, type FriendListView, type FriendListViewOptions } from '../friend-list-view.ts';
import { connectRedis, type ViewRedis } from '../redis/connect-redis.ts';
import type { ListsInMemory } from './lists-in-memory.ts';
import { quietLog } from './quiet-log.ts';

/** What the revisions of tests count in. */
export const TIMELINE = { current: 'test' };

export interface OpenView extends FriendListView {
  readonly redis: ViewRedis & { calls: number };
  readonly logged: readonly string[];
  close(): Promise<void>;
}

/** A view over a real Redis, as one process of the friend service has it. */
export async function openView(
  server: { url: string },
  lists: ListsInMemory,
  options: Partial<FriendListViewOptions> & { commandTimeoutMs?: number } = {},
): Promise<OpenView> {
  const log = quietLog();
  const { commandTimeoutMs = 2_000, ...viewOptions } = options;
  const connected = connectRedis({ url: server.url, timeline: TIMELINE, log, commandTimeoutMs });
  const redis = countCalls(connected);
  await eventually('Redis answers', () => redis.connected);
  const view = createFriendListView({
    redis,
    load: lists.load,
    loadRevisions: lists.loadRevisions,
    log,
    ...viewOptions,
  });
  return {
    ...view,
    redis,
    logged: log.lines,
    async close() {
      view.stop();
      await redis.close();
    },
  };
}

/** A view of one test, which closes it; impatient, for tests in which Redis fails. */
export async function openImpatientView(
  url: string,
  lists: ListsInMemory,
  options: Parameters<typeof openView>[2] = {},
): Promise<OpenView> {
  const view = await openView({ url }, lists, { commandTimeoutMs: 250, pauseAfterFailureMs: 50, ...options });
  onTestFinished(() => view.close());
  return view;
}

function countCalls(redis: ViewRedis): ViewRedis & { calls: number } {
  const counted = {
    calls: 0,
    run: (...args: Parameters<ViewRedis['run']>) => {
      counted.calls++;
      return redis.run(...args);
    },
    readMeta: (...args: Parameters<ViewRedis['readMeta']>) => {
      counted.calls++;
      return redis.readMeta(...args);
    },
    whoHasAnything: redis.whoHasAnything,
    placeOf: redis.placeOf,
    onReady: redis.onReady,
    get connected() {
      return redis.connected;
    },
    close: redis.close,
  };
  return counted;
}
