import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import type { Message } from '../../broker/broker.ts';
import { isMarked, markPattern, markSubject, prefixOf, unmarkSubject } from '../../broker/partition-by-owner.ts';
import type { StreamName } from '../../envelope/stream-name.ts';

/** What nobody takes may be published again and again. */
const LEARN_AGAIN_AFTER_MS = 5_000;

/**
 * Message translator: subjects as they are published, and as streams take them that are consumed in partitions, marked
 * with the slot of their owner.
 */
export function marksSubjects(jsm: JetStreamManager, declared: () => readonly StreamName[]) {
  /** What all subjects begin with, of the streams that take marked ones alone. */
  const marked = new Map<string, string>();
  let learnAgainAt = 0;

  function mark(message: Message): Message {
    for (const prefix of marked.values()) {
      if (message.subject.startsWith(prefix)) return { ...message, subject: markSubject(prefix, message.subject) };
    }
    return message;
  }

  return {
    /** A stream as it is now. */
    remember(stream: StreamName, { config }: StreamInfo): void {
      const prefix = prefixOf(stream);
      if (prefix !== undefined && isMarked(prefix, config.subjects)) marked.set(stream.name, prefix);
      else marked.delete(stream.name);
    },
    isMarked: (stream: string): boolean => marked.has(stream),
    /** As the streams take them. */
    mark: (messages: readonly Message[]): readonly Message[] => (marked.size === 0 ? messages : messages.map(mark)),
    /**
     * Whether another's stream takes this subject when it is marked: asked for what no stream has taken, since streams
     * may be published to by who has not declared them.
     */
    async learn(subject: string): Promise<boolean> {
      if (performance.now() < learnAgainAt) return false;
      learnAgainAt = performance.now() + LEARN_AGAIN_AFTER_MS;
      let isNew = false;
      for await (const { config } of jsm.streams.list()) {
        const prefix = config.subjects.find((each) => each.endsWith('.p0.>'))?.slice(0, -'p0.>'.length);
        if (prefix === undefined || !isMarked(prefix, config.subjects)) continue;
        isNew ||= subject.startsWith(prefix) && marked.get(config.name) !== prefix;
        marked.set(config.name, prefix);
      }
      return isNew;
    },
    /** As it was published. */
    unmark(subject: string): string {
      for (const stream of declared()) {
        const prefix = prefixOf(stream);
        if (prefix !== undefined && subject.startsWith(prefix)) return unmarkSubject(prefix, subject);
      }
      return subject;
    },
    /** Under which patterns is heard what is published as this one. */
    heardAs(pattern: string): readonly string[] {
      for (const { subjects } of declared()) {
        const prefix = prefixOf({ subjects });
        if (prefix === undefined || !pattern.startsWith(prefix) || subjects.includes(pattern)) continue;
        return [pattern, markPattern(prefix, pattern)];
      }
      return [pattern];
    },
  };
}

export type MarkedSubjects = ReturnType<typeof marksSubjects>;
