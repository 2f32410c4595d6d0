import { Text } from '@radix-ui/themes';
import type { Arrival } from '../connection/record-traffic.ts';

const HEIGHT_PX = 48;
const BAR_PX = 6;

/** One bar for each change: from its commit in the database to the frame that showed it, by this device's clock. */
export function LatencyChart({ arrivals }: { arrivals: readonly Arrival[] }) {
  const latencies = arrivals.map(({ latencyMs }) => latencyMs);
  const highest = Math.max(...latencies, 50);
  const last = arrivals.at(-1);
  return (
    <section className="latency" aria-label="Latency">
      <Text as="p" size="1" color="gray">
        {last
          ? `Commit to screen: last ${ms(last.latencyMs)}, median ${ms(medianOf(latencies))}, slowest ${ms(Math.max(...latencies))} of ${arrivals.length}`
          : 'Commit to screen: the next change will tell.'}
      </Text>
      {last ? (
        <svg
          className="latency-bars"
          viewBox={`0 0 ${60 * BAR_PX} ${HEIGHT_PX}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`Latency of the last ${arrivals.length} changes`}
        >
          {arrivals.map(({ revision, latencyMs, kind }, index) => {
            const height = Math.max(2, (Math.max(0, latencyMs) / highest) * HEIGHT_PX);
            return (
              <rect key={revision} x={index * BAR_PX} y={HEIGHT_PX - height} width={BAR_PX - 2} height={height} rx={1}>
                <title>{`${kind} · revision ${revision} · ${ms(latencyMs)}`}</title>
              </rect>
            );
          })}
        </svg>
      ) : null}
    </section>
  );
}

const ms = (value: number) => (value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(0)} s`);

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
