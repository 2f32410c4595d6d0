import type { EventBroker, Stoppable } from '../broker.ts';
import type { Log } from '../log.ts';
import { subjectMatches } from './subject-matches.ts';

type Listener = (payload: string, subject: string) => void;

/** Announcements to whoever listens at this moment. Delivered after the announcer's turn, as from a network. */
export function announceInProcess(log: Log): Pick<EventBroker, 'announce' | 'listen'> {
  const exact = new Map<string, Set<Listener>>();
  const wild = new Map<string, Set<Listener>>();

  function tell(listener: Listener, payload: string, subject: string): void {
    try {
      listener(payload, subject);
    } catch (error) {
      log.error({ error: String(error) }, 'a listener threw; its message was dropped');
    }
  }

  return {
    announce(subject, payload) {
      queueMicrotask(() => {
        for (const listener of exact.get(subject) ?? []) tell(listener, payload, subject);
        for (const [pattern, listeners] of wild) {
          if (!subjectMatches(pattern, subject)) continue;
          for (const listener of listeners) tell(listener, payload, subject);
        }
      });
    },
    listen(subject, onMessage): Stoppable {
      const all = /[*>]/.test(subject) ? wild : exact;
      // One of its own for each call: the same function may listen twice.
      const listener: Listener = (payload, from) => onMessage(payload, from);
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
