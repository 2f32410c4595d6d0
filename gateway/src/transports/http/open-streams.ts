import type { ServerResponse } from 'node:http';
import { streamsClosed } from '../closed-connections-metrics.ts';
import { spreadOver } from '../spread-over.ts';

/** Answers that stay open (server-sent events), and are drained at the end. */
export interface OpenStreams {
  add(response: ServerResponse): void;
  /** Cuts them one by one over that time: a cut stream is resumed by its client, a completed one is not. */
  stop(drainMs: number): Promise<void>;
}

/**
 * Backpressure that never ends is a reader who is gone: streams that take nothing of what waits for them for
 * `stuckAtMostMs` are cut: their readers may come back.
 */
export function trackOpenStreams({ checkEveryMs = 12_000, stuckAtMostMs = 60_000 } = {}): OpenStreams {
  const open = new Map<ServerResponse, { takenBytes: number; movedAt: number }>();

  function cut(response: ServerResponse, reason: 'NOT_READ' | 'RESTART'): void {
    if (!open.delete(response)) return;
    streamsClosed.inc({ reason });
    response.destroy();
  }

  function closed(response: ServerResponse): void {
    if (open.delete(response)) streamsClosed.inc({ reason: response.writableEnded ? 'COMPLETED' : 'LEFT' });
  }

  const check = setInterval(() => {
    for (const [response, seen] of open) {
      const { socket } = response;
      const takenBytes = (socket?.bytesWritten ?? 0) - (socket?.writableLength ?? 0);
      const stuck = response.writableNeedDrain && takenBytes === seen.takenBytes;
      if (!stuck) open.set(response, { takenBytes, movedAt: Date.now() });
      else if (Date.now() - seen.movedAt >= stuckAtMostMs) cut(response, 'NOT_READ');
    }
  }, checkEveryMs).unref();

  return {
    add(response) {
      open.set(response, { takenBytes: 0, movedAt: Date.now() });
      response.once('close', () => closed(response));
    },
    async stop(drainMs) {
      clearInterval(check);
      await spreadOver(drainMs, [...open.keys()], (response) => cut(response, 'RESTART'));
    },
  };
}
