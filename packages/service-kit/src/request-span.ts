import { isSpanContextValid, ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { childTraceparent, readTraceparent } from './trace-context.ts';

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
  const caller = readTraceparent(parent);
  const context = caller
    ? trace.setSpanContext(ROOT_CONTEXT, {
        traceId: caller.traceId,
        spanId: caller.spanId,
        traceFlags: Number.parseInt(caller.flags, 16) & TraceFlags.SAMPLED,
        isRemote: true,
      })
    : ROOT_CONTEXT;
  const span = trace.getTracer('@kith/service-kit').startSpan(name, { kind: SpanKind.SERVER }, context);
  const own = span.spanContext();
  // Without an SDK a span below a caller is the caller's own, and says nothing of this request.
  if (!span.isRecording() || !isSpanContextValid(own)) {
    return { traceparent: childTraceparent(parent), end: () => undefined };
  }
  return {
    traceparent: `00-${own.traceId}-${own.spanId}-${own.traceFlags.toString(16).padStart(2, '0')}`,
    end: () => span.end(),
  };
}
