import { z } from 'zod';
import { compileCheck } from '../events/compile-check.ts';
import { FRIEND_LIST } from '../events/subjects.ts';

/**
 * What a service announces of a change of any live list, on `liveList(kind, owner)`, once the change can be read: a
 * message on core NATS, not stored, and never the only word: whoever misses one finds the hole by its revision.
 */
export const liveAnnouncementSchema = z.object({
  /** Raised with every shape that a gateway of the version before could not read (docs/decisions/0049). */
  v: z.literal(2),
  /** Which kind of list, as its declaration in the schema says: `friend-list`. */
  kind: z.string().min(1),
  /** Whose: with the kind it names the list. */
  owner: z.string().min(1),
  /** What revisions count in: another one once the store was restored from a backup. */
  timeline: z.string(),
  /** Rises by exactly 1 from one change of a list to the next. */
  revision: z.int().positive(),
  /** RFC 3339, UTC. */
  occurredAt: z.string(),
  /** The object that the list's query for changes would answer, in the shape of the schema. */
  change: z.looseObject({ __typename: z.string(), cursor: z.string(), revision: z.int().positive() }),
  /** Who may watch the list is another than before: gateways ask again about those who do. */
  recheck: z.literal(true).optional(),
});

export type LiveAnnouncement<Change extends object = AnnouncedChange> = Omit<
  z.output<typeof liveAnnouncementSchema>,
  'change'
> & { readonly change: Change };

export interface AnnouncedChange {
  readonly __typename: string;
  readonly cursor: string;
  readonly revision: number;
}

export const LIVE_ANNOUNCEMENT_VERSION = liveAnnouncementSchema.shape.v.value;

/** Announcements of this version and of the one before can be read. */
export type AnnouncementForm = 1 | 2;

/**
 * As text, for the bus.
 *
 * @param form 1: the change alone, for gateways of the version before, while there are any
 */
export function writeAnnouncement<Change extends AnnouncedChange & { readonly occurredAt: string }>(
  list: { readonly kind: string; readonly owner: string; readonly timeline: string; readonly recheck?: true },
  change: Change,
  form: AnnouncementForm = LIVE_ANNOUNCEMENT_VERSION,
): string {
  if (form === 1) return JSON.stringify({ v: 1, ...change });
  const { revision, occurredAt } = change;
  return JSON.stringify({ v: LIVE_ANNOUNCEMENT_VERSION, ...list, revision, occurredAt, change });
}

/** What is read of an announcement: of the version before, the list is known by its subject alone. */
export interface HeardAnnouncement {
  readonly timeline: string | undefined;
  readonly change: AnnouncedChange;
  readonly recheck: boolean;
}

/**
 * Reads an announcement for the list on whose subject it came; what a later version adds is let through. Whether its
 * change has the shape of the schema is for whoever knows the schema to see. Undefined when it is none, or another list's.
 */
export function readAnnouncement(
  payload: string,
  { kind, owner }: { readonly kind: string; readonly owner: string },
): HeardAnnouncement | undefined {
  const read = parseJson(payload);
  if (isLiveAnnouncement(read)) {
    const isOfList = read.kind === kind && read.owner === owner && read.revision === read.change.revision;
    return isOfList ? { timeline: read.timeline, change: read.change, recheck: read.recheck === true } : undefined;
  }
  return kind === FRIEND_LIST && isBareChange(read) ? { timeline: undefined, change: read, recheck: false } : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isLiveAnnouncement = compileCheck<LiveAnnouncement>(liveAnnouncementSchema as z.ZodType<LiveAnnouncement>);

/** Version 1, or of before versions were written: friend lists alone were announced then. */
const isBareChange = compileCheck<AnnouncedChange>(
  z.object({
    v: z.literal(1).optional(),
    __typename: z.string(),
    cursor: z.string(),
    revision: z.int().positive(),
  }),
);
