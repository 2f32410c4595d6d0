import { appendFile } from 'node:fs/promises';
import { trace } from '@opentelemetry/api';
import type { SpanExporter } from '@opentelemetry/sdk-trace-base';
import { proxyForOutside } from '../http/choose-proxy.ts';

const SUCCESS = 0;
const FAILED = 1;

/**
 * Records this process's spans (OpenTelemetry) and sends them `to` a collector (`http://collector:4318/v1/traces`,
 * OTLP, through a proxy where its variables say so), or appends them to a file, one JSON object a line: `{"service","name","traceId","spanId","parent","startMs",
 * "tookMs","attributes"}`. Without `to` nothing is loaded or recorded. Stopping flushes the remaining spans.
 */
export async function startTracing({
  name,
  to,
}: {
  name: string;
  to?: string | undefined;
}): Promise<() => Promise<void> | void> {
  if (to === undefined) return () => undefined;
  const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const exporter = /^https?:/.test(to) ? await collectorAt(to) : fileAt(to, name);
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': `kith-${name}` }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 500 })],
  });
  trace.setGlobalTracerProvider(provider);
  return () => provider.shutdown();
}

async function collectorAt(url: string): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const proxy = proxyForOutside(new URL(url));
  if (proxy === undefined) return new OTLPTraceExporter({ url });
  const proxyEnv = { http_proxy: proxy.href, https_proxy: proxy.href };
  return new OTLPTraceExporter({ url, httpAgentOptions: { keepAlive: true, proxyEnv } });
}

function fileAt(file: string, service: string): SpanExporter {
  return {
    export(spans, done) {
      const lines = spans.map((span) => {
        const { traceId, spanId } = span.spanContext();
        return JSON.stringify({
          service,
          name: span.name,
          traceId,
          spanId,
          parent: span.parentSpanContext?.spanId ?? null,
          startMs: span.startTime[0] * 1_000 + span.startTime[1] / 1_000_000,
          tookMs: span.duration[0] * 1_000 + span.duration[1] / 1_000_000,
          attributes: span.attributes,
        });
      });
      appendFile(file, `${lines.join('\n')}\n`).then(
        () => done({ code: SUCCESS }),
        (error: Error) => done({ code: FAILED, error }),
      );
    },
    shutdown: async () => undefined,
  };
}
