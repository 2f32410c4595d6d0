import { AsyncLocalStorage } from 'node:async_hooks';
import { randomFillSync } from 'node:crypto';

/** W3C Trace Context (https://www.w3.org/TR/trace-context/), version 00. */
const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

const current = new AsyncLocalStorage<string>();

/** Starts a trace: `00-<trace id>-<span id>-01`. */
export function newTraceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}

/** The same trace with a span of its own; a new trace when there is no readable parent. */
export function childTraceparent(parent: string | undefined): string {
  const match = TRACEPARENT.exec(parent ?? '');
  return match ? `00-${match[1]}-${randomHex(8)}-${match[3]}` : newTraceparent();
}

/** The parts of a traceparent; undefined when it is none. */
export function readTraceparent(
  traceparent: string | undefined,
): { traceId: string; spanId: string; flags: string } | undefined {
  const match = TRACEPARENT.exec(traceparent ?? '');
  return match ? { traceId: match[1]!, spanId: match[2]!, flags: match[3]! } : undefined;
}

/** undefined when it is not a traceparent. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return TRACEPARENT.exec(traceparent ?? '')?.[1];
}

/** Runs `work`, and everything it awaits, inside the trace: logs name it, and events and calls made there carry it. */
export function inTrace<Result>(traceparent: string, work: () => Result): Result {
  return current.run(traceparent, work);
}

/** The trace this code runs in; undefined outside of any. */
export function currentTraceparent(): string | undefined {
  return current.getStore();
}

/** Asked for many at once: each question costs more than the answer, and every request has several. */
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
