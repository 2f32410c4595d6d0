import type { HeardAnnouncement } from '@kith/event-contracts';
import type { Logger } from '@kith/service-kit';
import type { Watching } from './list-source.ts';

/** Somebody who watches a list that is not theirs: the service may come to refuse it. */
export interface Watcher {
  readonly viewerId: string;
  refuse(): void;
}

export interface RecheckedWatchers {
  add(watcher: Watcher): { stop(): void };
  /** Whether this announcement has to wait until it is known who may still see it. */
  holds(heard: HeardAnnouncement): boolean;
  hold(heard: HeardAnnouncement, bytes: number): void;
  viewerIds(): readonly string[];
  refuse(viewerId: string): void;
}

/** Announcements that wait to be handed over, and how many of them are a reason to ask. */
interface Held {
  readonly announcements: { readonly heard: HeardAnnouncement; readonly bytes: number }[];
  rechecks: number;
}

/** A question of some 80 KB. */
const WATCHERS_PER_QUESTION = 1_000;
/** Announcements that wait meanwhile; a list that changes faster is asked for instead. */
const HELD_AT_MOST = 200;

/** Of those who watch the ones who may not; in as few questions as it takes. Rejects when one is not answered. */
export async function whoMayNot(
  watching: readonly Watching[],
  mayWatch: (watching: readonly Watching[]) => Promise<readonly boolean[]>,
): Promise<Watching[]> {
  const refused: Watching[] = [];
  for (let from = 0; from < watching.length; from += WATCHERS_PER_QUESTION) {
    const these = watching.slice(from, from + WATCHERS_PER_QUESTION);
    const may = await mayWatch(these);
    refused.push(...these.filter((_, at) => !may[at]));
  }
  return refused;
}

/**
 * Authorisation of those who watch one list, over time. A change after which somebody may watch it no longer waits, and
 * what comes behind it, until the service has said who may: those who may not are refused, and do not see it. When the
 * service does not answer, nobody is handed anything: everybody's list asks for itself, with its viewer's own token.
 */
export function recheckWatchers(options: {
  owner: string;
  mayWatch(watching: readonly Watching[]): Promise<readonly boolean[]>;
  hand: (heard: HeardAnnouncement, bytes: number) => void;
  doubt: () => void;
  log: Logger;
}): RecheckedWatchers {
  const { owner, mayWatch, hand, doubt, log } = options;
  const watchers = new Set<Watcher>();
  let held: Held | undefined;
  const viewerIds = () => [...new Set([...watchers].map(({ viewerId }) => viewerId))];

  function refuse(viewerId: string): void {
    for (const watcher of [...watchers]) if (watcher.viewerId === viewerId) watcher.refuse();
  }

  async function check(): Promise<boolean> {
    try {
      const watching = viewerIds().map((viewerId) => ({ owner, viewerId }));
      for (const refused of await whoMayNot(watching, mayWatch)) refuse(refused.viewerId);
      return true;
    } catch (err) {
      log.debug({ err, owner }, 'could not ask who may still watch a list');
      return false;
    }
  }

  /** What comes while it asks may be a reason to ask again: it is handed over after the last answer. */
  async function checkThenHand(these: Held): Promise<void> {
    for (let answered = 0; answered < these.rechecks; ) {
      const asked = these.rechecks;
      const isAnswered = await check();
      // There were too many of them meanwhile.
      if (held !== these) return;
      if (!isAnswered) return giveUp();
      answered = asked;
    }
    held = undefined;
    for (const { heard, bytes } of these.announcements) hand(heard, bytes);
  }

  function giveUp(): void {
    held = undefined;
    doubt();
  }

  return {
    viewerIds,
    refuse,
    add(watcher) {
      watchers.add(watcher);
      return { stop: () => void watchers.delete(watcher) };
    },
    holds: ({ recheck }) => watchers.size > 0 && (recheck || held !== undefined),
    hold(heard, bytes) {
      const these = held ?? { announcements: [], rechecks: 0 };
      these.announcements.push({ heard, bytes });
      if (heard.recheck) these.rechecks += 1;
      if (these.announcements.length > HELD_AT_MOST) return giveUp();
      if (held) return;
      held = these;
      void checkThenHand(these);
    },
  };
}
