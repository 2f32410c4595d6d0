import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { describeDifference, type StreamSettings } from '../broker/stream-settings.ts';
import { subjectMatches } from '../broker/subject-matches.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import type { Log } from '../observe/log.ts';
import { type MarkedSubjects, marksSubjects } from './partitions/mark-subjects.ts';
import { type Declaring, putStream } from './put-stream.ts';
import { differencesOf } from './stream-settings.ts';

interface Declared {
  readonly stream: StreamName;
  /** Declared by its owner, and not only consumed. */
  readonly isOurs: boolean;
}

/** Desired state of the streams: what was declared is remembered, so that a wiped server gets it back. */
export function declaresStreams(jsm: JetStreamManager, { settings, log }: { settings: StreamSettings; log: Log }) {
  const declared = new Map<string, Declared>();
  const subjects: MarkedSubjects = marksSubjects(jsm, () => [...declared.values()].map(({ stream }) => stream));
  const told = new Set<string>();
  const declaring: Declaring = { settings, notOurs: new Set(), onExisting: tellDifferences };

  /** Once each, by the owner alone. */
  function tellDifferences(stream: StreamName, { config }: StreamInfo): void {
    if (!declared.get(stream.name)?.isOurs) return;
    for (const difference of differencesOf(stream, config, settings)) {
      const { change: _, ...found } = difference;
      const text = describeDifference(found);
      if (told.has(text)) continue;
      told.add(text);
      log.warn(found, `${text}: left as it is; kith streams apply would change it`);
    }
  }

  async function put(name: string): Promise<void> {
    const known = declared.get(name);
    if (known) subjects.remember(known.stream, await putStream(jsm, known.stream, declaring));
  }

  return {
    add(stream: StreamName, { isOurs }: { isOurs: boolean }): void {
      declared.set(stream.name, { stream, isOurs: isOurs || declared.get(stream.name)?.isOurs === true });
    },
    put,
    subjects,
    async putAll(): Promise<void> {
      for (const name of declared.keys()) await put(name);
    },
    ours: (): readonly StreamName[] =>
      [...declared.values()].filter(({ isOurs }) => isOurs).map(({ stream }) => stream),
    /** Whether one of them takes what is published to it. */
    take(subject: string): boolean {
      for (const { stream } of declared.values()) {
        for (const pattern of stream.subjects) if (subjectMatches(pattern, subject)) return true;
      }
      return false;
    },
  };
}
