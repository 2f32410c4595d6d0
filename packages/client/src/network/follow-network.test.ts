import { expect, test } from 'vitest';
import { followNetwork, isKnownOffline } from './follow-network.ts';

test('a browser tells of a network that goes and comes, until nobody listens any more', () => {
  const browser = new EventTarget();
  const heard: string[] = [];
  const stop = followNetwork({ lost: () => heard.push('lost'), back: () => heard.push('back') }, browser);
  browser.dispatchEvent(new Event('offline'));
  browser.dispatchEvent(new Event('online'));
  stop();
  browser.dispatchEvent(new Event('offline'));
  expect(heard).toEqual(['lost', 'back']);
});

test('only a platform that says so is offline', () => {
  expect(isKnownOffline({ navigator: { onLine: false } })).toBe(true);
  expect(isKnownOffline({ navigator: { onLine: true } })).toBe(false);
  expect(isKnownOffline({ navigator: {} })).toBe(false);
  expect(isKnownOffline({})).toBe(false);
  expect(followNetwork({ lost: () => undefined, back: () => undefined }, {})()).toBeUndefined();
});
