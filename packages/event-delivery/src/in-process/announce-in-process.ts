import type { Message, OnAnnouncement, Stoppable } from '../broker/broker.ts';
import { subjectMatches } from '../broker/subject-matches.ts';
import type { Log } from '../observe/log.ts';
import { familyOf, startHop, traceBeingHandled } from '../observe/trace-event-path.ts';

/** Announcements to those who listen at this moment. Delivered after the announcer's turn, as from a network. */
export function announceInProcess(log: Log) {
  const exact = new Map<string, Set<OnAnnouncement>>();
  const wild = new Map<string, Set<OnAnnouncement>>();

  function tell(listener: OnAnnouncement, payload: string, subject: string, trace: () => string | undefined): void {
    try {
      listener(payload, subject, trace);
    } catch (error) {
      log.error({ error: String(error) }, 'a listener threw; its message was dropped');
    }
  }

  function tellAll(subject: string, payload: string, trace: () => string | undefined): void {
    queueMicrotask(() => {
      for (const listener of exact.get(subject) ?? []) tell(listener, payload, subject, trace);
      for (const [pattern, listeners] of wild) {
        if (!subjectMatches(pattern, subject)) continue;
        for (const listener of listeners) tell(listener, payload, subject, trace);
      }
    });
  }

  return {
    /** What was published to a stream. */
    published: (message: Message) => tellAll(message.subject, message.payload, () => message.headers?.traceparent),
    announce(subject: string, payload: string): void {
      const hop = startHop('announce', traceBeingHandled(), { 'messaging.destination.name': familyOf(subject) });
      hop.end();
      tellAll(subject, payload, () => (hop.recorded ? hop.traceparent : undefined));
    },
    listen(subject: string, onMessage: OnAnnouncement): Stoppable {
      const all = /[*>]/.test(subject) ? wild : exact;
      // One of its own for each call: the same function may listen twice.
      const listener: OnAnnouncement = (payload, from, trace) => onMessage(payload, from, trace);
      const listeners = all.get(subject) ?? new Set();
      all.set(subject, listeners.add(listener));
      return {
        stop: async () => {
          listeners.delete(listener);
          if (listeners.size === 0 && all.get(subject) === listeners) all.delete(subject);
        },
      };
    },
  };
}
