export { type AnnounceChangesOptions, type Applied, announceChanges } from './announce/announce-changes.ts';
export { liveSubject, writeAnnouncement } from './announce/announcement.ts';
export { changesSince, type ListDelta } from './catch-up/changes-since.ts';
export { type KeptInPostgres, keepInPostgres } from './catch-up/keep-in-postgres.ts';
export {
  type ChangePlace,
  inPages,
  ListBroken,
  type ListHistory,
  type LiveList,
  type OnBroken,
  placeOf,
  SnapshotExpired,
  type SnapshotPage,
  type SnapshotPart,
  type SnapshotReason,
  type WholeList,
} from './catch-up/live-list.ts';
export { eventOfRow, type ListContracts, type OutboxRow, readListEvents } from './catch-up/read-list-events.ts';
export type { ReadPages } from './catch-up/snapshot-in-parts.ts';
export { stillAtCursor } from './catch-up/still-at-cursor.ts';
export {
  BadStandsQuestion,
  type ListStands,
  MOST_LISTS_ASKED_FOR,
  type StandsOptions,
  type StandsQuestion,
  whereListsStand,
} from './catch-up/where-lists-stand.ts';
export { cursorsOfKind, cursorsWithoutKind, type ListCursor, type ListCursors } from './cursors/list-cursor.ts';
export {
  BadDigest,
  BadDigestEntry,
  type DigestEntry,
  type DigestField,
  digestsOfKind,
  type ListDigests,
} from './digest/list-digest.ts';
export { loadRevisions } from './revisions/load-revisions.ts';
export { type MovedList, recordChanges } from './revisions/record-changes.ts';
export { type ListEventDraft, RevisionLedger, type Stamp } from './revisions/revision-ledger.ts';
export { type ListDefinition, type LiveLists, type LiveListsOptions, openLiveLists } from './start/open-live-lists.ts';
export { followTimeline, TIMELINE_LOOK_EVERY_MS, type Timeline } from './timeline/follow-timeline.ts';
export { type NoticeRestoresOptions, noticeRestores, type RestoreNotices } from './timeline/notice-restores.ts';
