import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';
import { readTraceparent } from '@kith/event-delivery/traceparent';

const current = new AsyncLocalStorage<string>();

/** Starts a trace: `00-<trace id>-<span id>-01`. */
export function newTraceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}

/** The same trace with a span of its own; a new trace when there is no readable parent. */
export function childTraceparent(parent: string | undefined): string {
  const caller = readTraceparent(parent);
  return caller ? `00-${caller.traceId}-${randomHex(8)}-${caller.flags}` : newTraceparent();
}

/** undefined when it is not a traceparent. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return readTraceparent(traceparent)?.traceId;
}

/** Runs `work`, and everything it awaits, inside the trace: logs name it, and events and calls made there carry it. */
export function inTrace<Result>(traceparent: string, work: () => Result): Result {
  return current.run(traceparent, work);
}

/** The trace this code runs in; undefined outside of any. */
export function currentTraceparent(): string | undefined {
  return current.getStore();
}

/** Random bytes are fetched in bulk: each call costs more than its bytes, and every request needs several. */
const random = Buffer.allocUnsafe(4_096);
let used = random.length;

function randomHex(bytes: number): string {
  if (used + bytes > random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += bytes;
  return random.toString('hex', used - bytes, used);
}
