import type { Replica } from '@kith/service-kit';
import type pg from 'pg';
import type { ListHistory } from '../lists/changes-since.ts';
import type { RevisionReader } from '../lists/read-list-history.ts';
import type { ChangedLists, Relationships } from '../relationships/relationships.ts';
import type { Timeline } from '../timeline/follow-timeline.ts';
import type { FriendListView } from '../view/friend-list-view.ts';

/** What the operations work with; assembled once, by start-friend-service.ts. */
export interface FriendServiceParts {
  readonly pool: pg.Pool;
  /** For what may be late, where there is one. */
  readonly replica: Replica | undefined;
  readonly relationships: Relationships;
  readonly view: FriendListView;
  readonly history: ListHistory & RevisionReader;
  readonly timeline: Timeline;
  /** After every commit that moved lists, and before its answer: reads must find the change from now on. */
  committed(changed: ChangedLists): Promise<void>;
  /** Where a list stands at this revision, for clients to resume from. */
  cursorAt(ownerId: string, revision: number): string;
}
