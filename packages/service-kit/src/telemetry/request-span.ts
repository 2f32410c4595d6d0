import { contextBelow, writeTraceparent } from '@kith/event-delivery/traceparent';
import { isSpanContextValid, SpanKind, trace } from '@opentelemetry/api';
import { childTraceparent } from './trace-context.ts';

/** A request's own span. */
export interface RequestSpan {
  /** Writes and calls on the request's behalf carry it. */
  readonly traceparent: string;
  end(): void;
}

/**
 * Begins a server's span below the caller's (a traceparent, or a new trace). Without recording (see startTracing) it is
 * only an id for logs and events, at no cost.
 */
export function startRequestSpan(name: string, parent: string | undefined): RequestSpan {
  const span = trace.getTracer('@kith/service-kit').startSpan(name, { kind: SpanKind.SERVER }, contextBelow(parent));
  const own = span.spanContext();
  // Without an SDK a child span is the caller's own span, and does not identify this request.
  if (!span.isRecording() || !isSpanContextValid(own)) {
    return { traceparent: childTraceparent(parent), end: () => undefined };
  }
  return { traceparent: writeTraceparent(own), end: () => span.end() };
}
