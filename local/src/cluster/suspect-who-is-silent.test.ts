import { beforeEach, expect, test } from 'vitest';
import { type Suspicion, suspectWhoIsSilent } from './suspect-who-is-silent.ts';

let now: number;
let suspicion: Suspicion;
beforeEach(() => {
  now = 0;
  suspicion = suspectWhoIsSilent(8_000, () => now);
});

/** It answers so often, and each answer takes so long. */
function answers(times: number, tookMs: number): void {
  for (let n = 0; n < times; n += 1) {
    now += tookMs;
    suspicion.answered(tookMs);
  }
}

/** It is asked in vain for so long, three seconds each time; answers whether it is suspected then. */
function silentFor(ms: number): boolean {
  for (const until = now + ms; now < until; ) {
    now += 3_000;
    suspicion.inVain();
  }
  return suspicion.hangs;
}

test('one that answered at once is suspected after the time that it may be silent, and not before', () => {
  answers(50, 20);
  expect(silentFor(6_000)).toBe(false);
  expect(silentFor(3_000)).toBe(true);
});

test('one that has been slow is borne with for longer, and not for ever', () => {
  answers(50, 2_000);
  expect(silentFor(18_000)).toBe(false);
  expect(silentFor(6_000)).toBe(true);
  suspicion.beginAnew();
  answers(50, 60_000);
  expect(silentFor(57_000)).toBe(false);
  expect(silentFor(6_000)).toBe(true);
});

test('a question waits as long as answers take of late, and not for ever', () => {
  answers(50, 20);
  expect(suspicion.askForMs).toBe(3_000);
  answers(50, 2_900);
  expect(Math.round(suspicion.askForMs)).toBe(8_700);
  answers(50, 60_000);
  expect(suspicion.askForMs).toBe(20_000);
});

test('one that is quick again is suspected as soon as ever', () => {
  answers(50, 2_000);
  answers(50, 20);
  expect(silentFor(9_000)).toBe(true);
});

test('one question in vain is no reason, however late it was asked', () => {
  now += 100_000;
  suspicion.inVain();
  expect(suspicion.hangs).toBe(false);
  suspicion.inVain();
  suspicion.inVain();
  expect(suspicion.hangs).toBe(true);
  suspicion.beginAnew();
  expect(suspicion.hangs).toBe(false);
});
