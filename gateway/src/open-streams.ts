import type { ServerResponse } from 'node:http';
import { spreadOver } from './spread-over.ts';

/** Answers that stay open (server-sent events). */
export interface OpenStreams {
  add(response: ServerResponse): void;
  /** Cuts them one by one over that time: a cut stream is resumed by its client, a completed one is not. */
  stop(drainMs: number): Promise<void>;
}

export function trackOpenStreams(): OpenStreams {
  const open = new Set<ServerResponse>();
  return {
    add(response) {
      open.add(response);
      response.once('close', () => open.delete(response));
    },
    stop: (drainMs) => spreadOver(drainMs, [...open], (response) => response.destroy()),
  };
}
