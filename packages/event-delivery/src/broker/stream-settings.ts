/**
 * Settings of streams, for a broker that has them. An omitted setting leaves existing streams as they are, and gives
 * new ones the default.
 */
export interface StreamSettings {
  /** Replication factor: how many servers of a cluster store each message: 1, 3 or 5 (default 1). */
  readonly replicas?: number | undefined;
  /** How long messages are kept (default 7 days); does not apply to streams that keep messages for ever. */
  readonly keepForMs?: number | 'forever' | undefined;
  /** How large each stream may become before its oldest messages go (default unlimited); the same exception. */
  readonly maxBytes?: number | 'unlimited' | undefined;
  /** The tags of the servers that may have the streams. */
  readonly placementTags?: readonly string[] | undefined;
  /** In how many partitions, by owner, they are consumed: 1, 2, 4, 8 or 16 (default 1); for streams with one pattern `word.>`. */
  readonly partitions?: number | undefined;
}

/** A setting of a stream, or of one of its durables, that differs from the configuration. */
export interface SettingDifference {
  readonly stream: string;
  readonly durable?: string;
  readonly setting: 'replicas' | 'maxAgeS' | 'maxBytes' | 'placementTags' | 'subjects' | 'partitions';
  readonly is: number | string;
  readonly configured: number | string;
}

/** The outcome of applying a difference; `why` is the broker's message. */
export type AppliedSetting = SettingDifference & { readonly outcome: 'applied' | 'refused'; readonly why?: string };

/** As a sentence says it: `replicas of FRIEND: 3, configured 1`. */
export const describeDifference = ({ stream, durable, setting, is, configured }: SettingDifference): string =>
  `${setting} of ${stream}${durable === undefined ? '' : ` ${durable}`}: ${is}, configured ${configured}`;
