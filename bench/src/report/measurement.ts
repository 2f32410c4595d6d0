/** One number, beside others that were measured in the same run: on a noisy machine only ratios can be trusted. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit:
    | 'req/s'
    | 'events/s'
    | 'commits/s'
    | 'friendships/s'
    | 'ms'
    | 'µs'
    | 'ms CPU/req'
    | 'ms CPU/change'
    | 'µs CPU/event'
    | 'µs CPU/watcher'
    | 'KB'
    | 'bytes'
    | 'queries'
    | 'pages'
    | 'times'
    | 'errors';
  /** In the same unit. The first is the floor: the least that anybody could need for it. */
  readonly beside?: readonly { readonly what: string; readonly value: number }[];
  readonly goal?: { readonly atLeast: number } | { readonly atMost: number };
}

/** Where a measurement works. */
export interface Workplace {
  /** Its own, removed afterwards. */
  readonly folder: string;
  /** Stops what the measurement starts, last first, also when it fails. */
  readonly started: AsyncDisposableStack;
  /** What is done at this moment, for whoever watches. */
  step(what: string): void;
}

export interface Measurement {
  /** What it is called on the command line. */
  readonly name: string;
  readonly title: string;
  /** What exactly is measured, and what the floor is. */
  readonly explained: string;
  /** Takes minutes of preparation: measured only when it is named. */
  readonly onlyByName?: true;
  /** Quick, and steady enough to tell by its ratios whether something has become worse (`bench --check`). */
  readonly tellsRegressions?: true;
  /** Whole numbers behind its name on the command line are for it. */
  readonly takesNumbers?: true;
  run(place: Workplace, numbers: readonly number[]): Promise<Figure[]>;
}
