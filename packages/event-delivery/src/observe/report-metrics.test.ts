import * as prometheus from '@prometheus-io/client';
import { beforeEach, expect, test, vi } from 'vitest';

type Module = typeof import('./report-metrics.ts');
let module: Module;
let registry: prometheus.Registry;
// A process reports once: each test is a process of its own.
beforeEach(async () => {
  vi.resetModules();
  module = await import('./report-metrics.ts');
  registry = new prometheus.Registry();
});

function define() {
  const counter = new module.Counter({ name: 'kith_test_total', help: 'Counted.', labelNames: ['consumer'] });
  const histogram = new module.Histogram({
    name: 'kith_test_seconds',
    help: 'Time.',
    labelNames: ['consumer'],
    buckets: [1],
  });
  return { counter, child: histogram.labels({ consumer: 'a' }) };
}

test('without a client nothing is measured, and nothing fails', () => {
  const { counter, child } = define();
  counter.inc({ consumer: 'a' });
  child.observe(2);
});

test('what is counted from then on is in the registry that was given, under the prefix', async () => {
  const { counter, child } = define();
  counter.inc({ consumer: 'a' });
  module.reportMetrics(prometheus, { prefix: 'shop', registry });
  counter.inc({ consumer: 'a' }, 2);
  child.observe(0.5);
  const text = await registry.metrics();
  expect(text).toContain('shop_test_total{consumer="a"} 2');
  expect(text).toContain('shop_test_seconds_count{consumer="a"} 1');
  expect(text).not.toContain('kith_');
  expect(await prometheus.register.metrics()).not.toContain('_test_total');
});

test('the prefix is kith unless told, and what is defined later is reported too', async () => {
  module.reportMetrics(prometheus, { registry });
  define().counter.inc({ consumer: 'b' });
  expect(await registry.metrics()).toContain('kith_test_total{consumer="b"} 1');
});

test('a gauge is asked at each scrape', async () => {
  let depth = 3;
  new module.Gauge({
    name: 'kith_test_depth',
    help: 'Depth.',
    labelNames: ['source'],
    async collect(gauge) {
      gauge.reset();
      gauge.set({ source: 's' }, depth);
    },
  });
  module.reportMetrics(prometheus, { registry });
  expect(await registry.metrics()).toContain('kith_test_depth{source="s"} 3');
  depth = 4;
  expect(await registry.metrics()).toContain('kith_test_depth{source="s"} 4');
});

test('the same once more is nothing new; otherwise it is refused, and the first stays', async () => {
  const { counter } = define();
  module.reportMetrics(prometheus, { registry });
  module.reportMetrics(prometheus, { registry });
  for (const other of [{ registry: new prometheus.Registry() }, { registry, prefix: 'shop' }, {}]) {
    expect(() => module.reportMetrics(prometheus, other)).toThrow(
      expect.objectContaining({ code: 'METRICS_REPORTED_OTHERWISE' }),
    );
  }
  counter.inc({ consumer: 'a' });
  expect(await registry.metrics()).toContain('kith_test_total{consumer="a"} 1');
});

test.each(['', '1a', 'a-b', 'a b', 'ä', 'a.b', '_', 'a\n'])(
  '%j is no prefix, and nothing is reported',
  async (prefix) => {
    define();
    expect(() => module.reportMetrics(prometheus, { prefix, registry })).toThrow(
      expect.objectContaining({ code: 'BAD_METRICS_PREFIX' }),
    );
    expect(await registry.metrics()).toBe('\n');
  },
);
