import type { IncomingMessage, ServerResponse } from 'node:http';

const TOO_MUCH_TO_DO = JSON.stringify({
  errors: [
    {
      message: 'Too much to do at this moment: try again soon.',
      extensions: { code: 'SERVICE_UNAVAILABLE', retryAfterMs: 1_000 },
    },
  ],
});
/** As names and values in turn, and with the length, node writes head and body in one piece without looking at them. */
const HEADERS = [
  ...['content-type', 'application/json; charset=utf-8'],
  ...['content-length', String(Buffer.byteLength(TOO_MUCH_TO_DO))],
  ...['retry-after', '1'],
];
/** Not the same for all: who was refused at one time is not to come back at one time. */
const MOMENT_MS = { least: 50, most: 150 };
const WAIT_AT_MOST = 2_000;

let waiting = 0;

/**
 * Answers 503 with `Retry-After`. In a crowd most are refused, so it costs next to nothing, and it comes a moment later:
 * whoever is refused at once asks again at once, and what that takes, those who were accepted wait for. When too many
 * wait to be refused, it comes at once: an answer in waiting is memory.
 */
export function refuseInAMoment(request: IncomingMessage, response: ServerResponse): void {
  // What it has sent is not kept for it.
  request.resume();
  if (waiting < WAIT_AT_MOST) {
    waiting += 1;
    const refuseNow = () => {
      waiting -= 1;
      refuse(response);
    };
    setTimeout(refuseNow, MOMENT_MS.least + Math.random() * (MOMENT_MS.most - MOMENT_MS.least));
  } else refuse(response);
}

function refuse(response: ServerResponse): void {
  response.sendDate = false;
  response.writeHead(503, HEADERS).end(TOO_MUCH_TO_DO);
}
