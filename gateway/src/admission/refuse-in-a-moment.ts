import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorBody } from '@kith/service-kit';

const TOO_MUCH_TO_DO = JSON.stringify(
  errorBody({
    message: 'Too much to do at this moment: try again soon.',
    ...{ code: 'SERVICE_UNAVAILABLE', extensions: { retryAfterMs: 1_000 } },
  }),
);
/** As names and values in turn, and with the length, node writes head and body in one piece without looking at them. */
const HEADERS = [
  ...['content-type', 'application/json; charset=utf-8'],
  ...['content-length', String(Buffer.byteLength(TOO_MUCH_TO_DO))],
  ...['retry-after', '1'],
];
/** A moment is so long, and longer while this process is late with what it has to do: then it refuses too many. */
const MOMENT_MS = { least: 100, most: 2_000 };
/** With this the share of its time that goes to refusing stays a small part of it, however many ask. */
const TIMES_AS_LONG_AS_LATE = 1_000;
const NEWEST_SHARE = 0.02;
/** Each is a small part of what its connection takes anyway. */
const WAIT_AT_MOST = 10_000;

let waiting = 0;
let lateMs = 0;

/**
 * Load shedding, from outside: answers 503 with `Retry-After`. In a crowd most are refused, so it costs next to
 * nothing, and it comes a moment later: whoever is refused at once asks again at once, and what that takes, those who
 * were accepted wait for. When too many wait to be refused, it comes at once: an answer in waiting is memory.
 */
export function refuseInAMoment(request: IncomingMessage, response: ServerResponse): void {
  // What it has sent is not kept for it.
  request.resume();
  if (waiting < WAIT_AT_MOST) {
    waiting += 1;
    // Not the same for all: who was refused at one time is not to come back at one time.
    const momentMs = momentWhenLate(lateMs) * (0.5 + Math.random());
    const dueAt = performance.now() + momentMs;
    const refuseNow = () => {
      waiting -= 1;
      lateMs += (performance.now() - dueAt - lateMs) * NEWEST_SHARE;
      refuse(response);
    };
    setTimeout(refuseNow, momentMs);
  } else refuse(response);
}

/** How long a refusal takes, in ms, on the mean. */
export function momentWhenLate(lateMs: number): number {
  return Math.min(MOMENT_MS.most, Math.max(MOMENT_MS.least, lateMs * TIMES_AS_LONG_AS_LATE));
}

function refuse(response: ServerResponse): void {
  response.sendDate = false;
  response.writeHead(503, HEADERS).end(TOO_MUCH_TO_DO);
}
