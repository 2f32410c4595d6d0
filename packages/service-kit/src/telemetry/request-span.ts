import { contextBelow, writeTraceparent } from '@kith/event-delivery/traceparent';
import { isSpanContextValid, SpanKind, trace } from '@opentelemetry/api';
import { childTraceparent } from './trace-context.ts';

/** A request's own span. */
export interface RequestSpan {
  /** What is written and called on the request's behalf carries it. */
  readonly traceparent: string;
  end(): void;
}

/**
 * Begins a server's span below the caller's (a traceparent, or a new trace). Where nobody records (see startTracing) it
 * is only an id for logs and events, at no cost.
 */
export function startRequestSpan(name: string, parent: string | undefined): RequestSpan {
  const span = trace.getTracer('@kith/service-kit').startSpan(name, { kind: SpanKind.SERVER }, contextBelow(parent));
  const own = span.spanContext();
  // Without an SDK a span below a caller is the caller's own, and says nothing of this request.
  if (!span.isRecording() || !isSpanContextValid(own)) {
    return { traceparent: childTraceparent(parent), end: () => undefined };
  }
  return { traceparent: writeTraceparent(own), end: () => span.end() };
}
