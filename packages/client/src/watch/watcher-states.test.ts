import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BEGIN, transition, type WatcherEffect, type WatcherEvent, type WatcherState } from './watcher-states.ts';

const EVENTS: readonly WatcherEvent[] = [
  ...(['wake', 'network lost', 'waited', 'token', 'no token', 'signed out', 'connected', 'resumed'] as const),
  ...(['part', 'whole', 'quiet', 'hole', 'broken', 'refused', 'stop'] as const),
];
const ON_THE_LINE: readonly WatcherState[] = ['connecting', 'catching up', 'live'];

/** What a watcher has done after these events. */
function played(events: readonly WatcherEvent[]) {
  let state = BEGIN.to;
  let open = 0;
  let failures = 0;
  const steps: { event: WatcherEvent; from: WatcherState; to: WatcherState; effects: readonly WatcherEffect[] }[] = [];
  for (const event of events) {
    const next = transition(state, event);
    if (!next) continue;
    for (const effect of next.effects) {
      if (effect === 'open the line') open += 1;
      if (effect === 'close the line') open -= 1;
      if (effect === 'count a failure') failures += 1;
      if (effect === 'forget failures') failures = 0;
    }
    steps.push({ event, from: state, to: next.to, effects: next.effects });
    state = next.to;
    // C1
    expect(open).toBe(ON_THE_LINE.includes(state) ? 1 : 0);
  }
  return { state, failures, steps };
}

const histories = fc.array(fc.constantFrom(...EVENTS), { maxLength: 60 });

describe('whatever happens, in whatever order', () => {
  test('C1: one line is open while connecting, catching up or live, and none otherwise', () => {
    fc.assert(
      fc.property(histories, (events) => void played(events)),
      { numRuns: 5_000 },
    );
  });

  test('C2: what was stopped stays so, and does nothing more', () => {
    fc.assert(
      fc.property(histories, histories, (before, after) => {
        const stopped = played([...before, 'stop']);
        expect(stopped.state).toBe('ended');
        expect(played([...before, 'stop', ...after]).steps).toEqual(stopped.steps);
      }),
    );
  });

  test('C3: from anywhere but the end, a token and a line that holds lead to live', () => {
    fc.assert(
      fc.property(
        histories.map((events) => events.filter((event) => event !== 'stop' && event !== 'signed out')),
        (events) => {
          // Each of the two means nothing where it is not waited for.
          expect(played([...events, 'wake', 'token', 'connected', 'whole', 'quiet']).state).toBe('live');
        },
      ),
    );
  });

  test('C4: every state but live and the end waits for something that will come', () => {
    const WAITS_FOR: Partial<Record<WatcherEffect, WatcherEvent>> = {
      'ask for a token': 'token',
      'open the line': 'broken',
      pause: 'waited',
      'look at the network later': 'waited',
    };
    fc.assert(
      fc.property(histories, (events) => {
        const { steps, state } = played(events);
        if (state === 'live' || state === 'ended' || state === 'catching up' || steps.length === 0) return;
        const entered = steps.findLast(({ from, to }) => from !== to) ?? steps.at(-1)!;
        const promised = entered.effects.flatMap((effect) => WAITS_FOR[effect] ?? []);
        expect(promised.some((event) => transition(state, event) !== null)).toBe(true);
      }),
    );
  });

  test('C5: failures are forgotten by a change alone, so that a gateway that only accepts is not hammered', () => {
    fc.assert(
      fc.property(histories, (events) => {
        const { steps } = played(events);
        for (const { event, effects } of steps) {
          if (effects.includes('forget failures')) expect(['part', 'whole']).toContain(event);
        }
      }),
    );
  });

  test('C6: a hole is resumed from at once, and every other break after a pause', () => {
    for (const state of ON_THE_LINE) {
      expect(transition(state, 'hole')).toEqual({
        to: 'authenticating',
        effects: ['close the line', 'ask for a token'],
      });
      for (const event of ['broken', 'refused'] as const)
        expect(transition(state, event)!.effects.at(-1)).toBe('pause');
    }
  });
});
