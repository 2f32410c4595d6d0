import { inTrace, newTraceparent } from '@kith/service-kit';
import { expect, test } from 'vitest';
import { eventsToPublish } from './events-to-publish.ts';

const profile = { username: 'ann', nickname: 'Ann', avatarUrl: null, friendPolicy: 'APPROVAL' } as const;
const recorded = (version: number) => ({
  id: 'e1',
  occurredAt: new Date('2026-11-22T10:00:00Z'),
  source: { kind: 'user', id: 'u1', version } as const,
});

test('a registered user is published as revision 1, inside the command’s trace', () => {
  const traceparent = newTraceparent();
  const events = inTrace(traceparent, () => eventsToPublish([{ ...recorded(1), name: 'user.registered', profile }]));
  expect(events).toMatchObject([
    {
      eventId: 'e1',
      ownerId: 'u1',
      revision: 1,
      type: 'kith.user.registered.v1',
      subject: 'user.registered.u1',
      occurredAt: recorded(1).occurredAt,
      traceparent,
      data: profile,
    },
  ]);
});

test('a changed profile carries before and after', () => {
  const after = { ...profile, nickname: 'Annie' };
  const [event] = eventsToPublish([{ ...recorded(2), name: 'user.profile-changed', before: profile, after }]);
  expect(event).toMatchObject({ type: 'kith.user.profile-changed.v1', revision: 2, data: { before: profile, after } });
});

test('a deleted account is published, a changed password is nobody’s business', () => {
  const events = eventsToPublish([
    { ...recorded(2), name: 'user.password-changed' },
    { ...recorded(3), name: 'user.deleted' },
  ]);
  expect(events).toMatchObject([{ type: 'kith.user.deleted.v1', revision: 3, data: {} }]);
});

test('events that leave a version of a user out are not published (S19)', () => {
  const changed = (version: number) => ({
    ...recorded(version),
    ...{ name: 'user.profile-changed' as const, before: profile, after: profile },
  });
  const registered = { ...recorded(1), name: 'user.registered' as const, profile };
  const another = { ...registered, source: { ...registered.source, id: 'u2' } };
  expect(eventsToPublish([registered, changed(2), changed(3)])).toHaveLength(3);
  expect(eventsToPublish([registered, another])).toHaveLength(2);
  for (const version of [1, 3]) {
    expect(() => eventsToPublish([registered, changed(version)])).toThrow(
      expect.objectContaining({ code: 'INVARIANT_BROKEN', invariant: 'S19' }),
    );
  }
});
