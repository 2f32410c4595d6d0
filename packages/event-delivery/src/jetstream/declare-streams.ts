import type { JetStreamManager } from '@nats-io/jetstream';
import { subjectMatches } from '../broker/subject-matches.ts';
import type { StreamName } from '../envelope/stream-name.ts';
import { type Declaring, putStream } from './put-stream.ts';

/** Desired state of the streams: what was declared is remembered, so that a wiped server gets it back. */
export function declaresStreams(jsm: JetStreamManager, options: Omit<Declaring, 'notOurs'>) {
  const declared = new Map<string, StreamName>();
  const declaring: Declaring = { ...options, notOurs: new Set() };

  async function put(name: string): Promise<void> {
    const stream = declared.get(name);
    if (stream) await putStream(jsm, stream, declaring);
  }

  return {
    add: (stream: StreamName) => void declared.set(stream.name, stream),
    put,
    async putAll(): Promise<void> {
      for (const name of declared.keys()) await put(name);
    },
    /** Whether one of them takes what is published to it. */
    take(subject: string): boolean {
      for (const { subjects } of declared.values()) {
        for (const pattern of subjects) if (subjectMatches(pattern, subject)) return true;
      }
      return false;
    },
  };
}
