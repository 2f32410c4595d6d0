import { TIMELINE_LOOK_EVERY_MS } from '@kith/live-list';
import { type HttpHandler, sendJson } from '@kith/service-kit';
import type { OperatorOptions } from './operator-options.ts';

/** After a restore: no cursor from before continues. Answers `{"timeline": id, "knownEverywhereWithinMs": n}`. */
export function beginTimeline({ parts }: Pick<OperatorOptions, 'parts'>): HttpHandler {
  return async (_request, response) => {
    const timeline = await parts.timeline.begin();
    sendJson(response, 200, { timeline, knownEverywhereWithinMs: TIMELINE_LOOK_EVERY_MS });
  };
}
