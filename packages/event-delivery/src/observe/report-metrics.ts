/**
 * Metrics facade: what event delivery measures, told to the Prometheus client that the process has, if any. No client is
 * a dependency: `prom-client` and `@prometheus-io/client` both fit, and each runs on other versions of Node.
 */

interface Configuration {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

type Labels = Readonly<Record<string, string>>;

interface ClientConfiguration {
  name: string;
  help: string;
  labelNames: string[];
  buckets?: number[];
  collect?: () => void | Promise<void>;
  registers?: never[];
}

interface ClientCounter {
  inc(labels: Labels, value?: number): void;
}

interface ClientGauge {
  set(labels: Labels, value: number): void;
  reset(): void;
}

interface ClientHistogram {
  labels(labels: Labels): { observe(value: number): void };
}

/** The part of a Prometheus client that is used: `import * as client from 'prom-client'`, or another of its shape. */
export interface MetricsClient {
  readonly Counter: new (configuration: ClientConfiguration) => ClientCounter;
  readonly Gauge: new (configuration: ClientConfiguration) => ClientGauge;
  readonly Histogram: new (configuration: ClientConfiguration) => ClientHistogram;
}

export interface MetricsOptions {
  /** What the names begin with, before an underscore: `kith` unless told. */
  readonly prefix?: string;
  /** A registry of the client's; its default one unless told. */
  readonly registry?: object;
}

/** `prefix` is none that a metric's name can begin with, or metrics are told to another client, or otherwise, already. */
export class MetricsNotReported extends Error {
  readonly code: 'BAD_METRICS_PREFIX' | 'METRICS_REPORTED_OTHERWISE';
  constructor(code: MetricsNotReported['code'], message: string) {
    super(message);
    this.name = 'MetricsNotReported';
    this.code = code;
  }
}

const OWN_PREFIX = 'kith';

interface Reporting {
  readonly client: MetricsClient;
  readonly prefix: string;
  readonly registry: object | undefined;
}

let reporting: Reporting | undefined;
const defined: { report(to: Reporting): void }[] = [];

/**
 * From now on the metrics of this process are in the client's registry; what was counted before is not. Once a process:
 * called again with the same it does nothing.
 *
 * @throws {MetricsNotReported} and nothing is reported that was not before
 */
export function reportMetrics(client: MetricsClient, { prefix = OWN_PREFIX, registry }: MetricsOptions = {}): void {
  if (!/^[a-zA-Z]\w*$/.test(prefix)) {
    const text = `"${prefix}" cannot begin the name of a metric: take letters, digits and underscores.`;
    throw new MetricsNotReported('BAD_METRICS_PREFIX', text);
  }
  if (reporting) {
    const same = reporting.client.Counter === client.Counter && reporting.prefix === prefix;
    if (same && reporting.registry === registry) return;
    const text = 'The metrics of event delivery are reported already, to another registry or under another prefix.';
    throw new MetricsNotReported('METRICS_REPORTED_OTHERWISE', text);
  }
  const to = { client, prefix, registry };
  for (const metric of defined) metric.report(to);
  reporting = to;
}

function define(metric: { report(to: Reporting): void }): void {
  defined.push(metric);
  if (reporting) metric.report(reporting);
}

/** Names are spelled in full where a metric is defined, so that a search finds them. */
function configured(configuration: Configuration, { prefix, registry }: Reporting): ClientConfiguration {
  return {
    name: configuration.name.replace(new RegExp(`^${OWN_PREFIX}_`), `${prefix}_`),
    help: configuration.help,
    labelNames: [...configuration.labelNames],
    ...(registry ? { registers: [registry as never] } : {}),
  };
}

export class Counter {
  #reported: ClientCounter | undefined;
  constructor(configuration: Configuration) {
    define({
      report: (to) => {
        this.#reported = new to.client.Counter(configured(configuration, to));
      },
    });
  }
  inc(labels: Labels, value = 1): void {
    this.#reported?.inc(labels, value);
  }
}

export class Gauge {
  #reported: ClientGauge | undefined;
  /** `collect` is asked at every scrape. */
  constructor(configuration: Configuration & { readonly collect: (gauge: Gauge) => Promise<void> }) {
    define({
      report: (to) => {
        const collect = () => configuration.collect(this);
        this.#reported = new to.client.Gauge({ ...configured(configuration, to), collect });
      },
    });
  }
  set(labels: Labels, value: number): void {
    this.#reported?.set(labels, value);
  }
  reset(): void {
    this.#reported?.reset();
  }
}

export class Histogram {
  #reported: ClientHistogram | undefined;
  constructor(configuration: Configuration & { readonly buckets: readonly number[] }) {
    define({
      report: (to) => {
        this.#reported = new to.client.Histogram({
          ...configured(configuration, to),
          buckets: [...configuration.buckets],
        });
      },
    });
  }
  /** For what is observed often: the labels are looked up once. */
  labels(labels: Labels): { observe(value: number): void } {
    let child: { observe(value: number): void } | undefined;
    return {
      observe: (value) => {
        child ??= this.#reported?.labels(labels);
        child?.observe(value);
      },
    };
  }
}
