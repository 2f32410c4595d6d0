/**
 * How streams are kept by a broker that lets an operator say it. What is left out is no opinion: streams that are there
 * stay as they are, and new ones get the default.
 */
export interface StreamSettings {
  /** How many servers of a cluster have each message: 1, 3 or 5 (default 1). */
  readonly replicas?: number | undefined;
  /** How long messages are kept (default 7 days); streams that keep theirs for ever do so whatever it says. */
  readonly keepForMs?: number | 'forever' | undefined;
  /** How large each stream may become before its oldest messages go (default unlimited); the same exception. */
  readonly maxBytes?: number | 'unlimited' | undefined;
  /** The tags of the servers that may have the streams. */
  readonly placementTags?: readonly string[] | undefined;
}

/** A setting of a stream, or of a durable of it, that is otherwise than configured. */
export interface SettingDifference {
  readonly stream: string;
  readonly durable?: string;
  readonly setting: 'replicas' | 'maxAgeS' | 'maxBytes' | 'placementTags';
  readonly is: number | string;
  readonly configured: number | string;
}

/** What became of a difference when it was to be applied; `why` in the words of the broker. */
export type AppliedSetting = SettingDifference & { readonly outcome: 'applied' | 'refused'; readonly why?: string };

/** As a sentence says it: `replicas of FRIEND: 3, configured 1`. */
export const describeDifference = ({ stream, durable, setting, is, configured }: SettingDifference): string =>
  `${setting} of ${stream}${durable === undefined ? '' : ` ${durable}`}: ${is}, configured ${configured}`;
