import { AsyncLocalStorage } from 'node:async_hooks';
import { type Attributes, isSpanContextValid, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { contextBelow, writeTraceparent } from './traceparent.ts';

const handling = new AsyncLocalStorage<string | undefined>();

/** One hop of an event's way as an OpenTelemetry span. Without an SDK in the process it costs next to nothing. */
export interface Hop {
  /** What the next hop names as its parent; the one given where nobody records. */
  readonly traceparent: string | undefined;
  readonly recorded: boolean;
  end(error?: unknown): void;
}

const KINDS = {
  append: SpanKind.INTERNAL,
  publish: SpanKind.PRODUCER,
  handle: SpanKind.CONSUMER,
  announce: SpanKind.PRODUCER,
};

/**
 * Begins a hop below `parent` (a traceparent). Names and attributes follow the messaging conventions
 * (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/).
 */
export function startHop(operation: keyof typeof KINDS, parent: string | undefined, attributes: Attributes): Hop {
  const span = trace
    .getTracer('@kith/event-delivery')
    .startSpan(
      `${operation} ${attributes['messaging.destination.name'] ?? 'outbox'}`,
      { kind: KINDS[operation], attributes: { 'messaging.operation.name': operation, ...attributes } },
      contextBelow(parent),
    );
  const own = span.spanContext();
  return {
    traceparent: isSpanContextValid(own) ? writeTraceparent(own) : parent,
    recorded: span.isRecording(),
    end(error) {
      if (error !== undefined) {
        span.recordException(error instanceof Error ? error : String(error));
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}

/** Runs a handler inside an event's trace: what it appends and announces belongs to it. */
export function inTraceOf<Result>(traceparent: string | undefined, work: () => Result): Result {
  return handling.run(traceparent, work);
}

/** The trace of the event that is being handled here, if any. */
export function traceBeingHandled(): string | undefined {
  return handling.getStore();
}

/** A subject without its last token, the owner: a span's name must not be one of millions. */
export function familyOf(subject: string): string {
  return `${subject.slice(0, subject.lastIndexOf('.') + 1)}*`;
}
