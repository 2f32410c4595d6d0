import { given } from '@kith/event-delivery/testing';
import { expect, test } from 'vitest';
import { User } from './user.ts';

const now = new Date('2026-11-22T10:00:00Z');
let count = 0;
const moment = { now, newId: () => `event-${++count}` };

const chosen = { id: 'u1', username: 'Ann', nickname: ' Ann Bell ', avatarUrl: null };
const ann = () => new User(User.register(chosen, moment).state);

test('registering makes version 1 and says so', () => {
  const user = User.register(chosen, moment);
  const profile = { username: 'ann', nickname: 'Ann Bell', avatarUrl: null, friendPolicy: 'APPROVAL' };
  expect(user.state).toEqual({ id: 'u1', profile, version: 1, createdAt: now, deleted: false });
  expect(user.events).toEqual([
    {
      name: 'user.registered',
      id: expect.any(String),
      occurredAt: now,
      source: { kind: 'user', id: 'u1', version: 1 },
      profile,
    },
  ]);
});

test.each([
  { ...chosen, username: 'a' },
  { ...chosen, nickname: '' },
  { ...chosen, avatarUrl: 'ftp://x' },
])('%o cannot register', (wrong) => {
  expect(() => User.register(wrong, moment)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
});

test('a changed profile is the next version, with before and after', () => {
  given(ann())
    .when((user) => user.changeProfile({ nickname: 'Annie', friendPolicy: 'OPEN' }, moment))
    .thenRecorded({
      name: 'user.profile-changed',
      source: { version: 2 },
      before: { nickname: 'Ann Bell', friendPolicy: 'APPROVAL' },
      after: { username: 'ann', nickname: 'Annie', friendPolicy: 'OPEN' },
    })
    .thenState(({ state }) =>
      expect(state).toMatchObject({ version: 2, profile: { nickname: 'Annie', friendPolicy: 'OPEN' } }),
    );
});

test('fields left out stay, null clears the avatar', () => {
  given(ann(), (user) => user.changeProfile({ avatarUrl: 'https://a.example/a.png' }, moment))
    .when((user) => user.changeProfile({ nickname: 'Annie' }, moment))
    .thenRecorded({ name: 'user.profile-changed', after: { avatarUrl: 'https://a.example/a.png', nickname: 'Annie' } });
  given(ann(), (user) => user.changeProfile({ avatarUrl: 'https://a.example/a.png' }, moment))
    .when((user) => user.changeProfile({ avatarUrl: null }, moment))
    .thenRecorded({ name: 'user.profile-changed', after: { avatarUrl: null, nickname: 'Ann Bell' } });
});

test('a change that changes nothing records nothing', () => {
  given(ann())
    .when((user) => {
      user.changeProfile({ nickname: '  Ann Bell ', avatarUrl: null, friendPolicy: 'APPROVAL' }, moment);
      user.changeProfile({}, moment);
    })
    .thenNothing()
    .thenState(({ state }) => expect(state.version).toBe(1));
});

test('a refused change leaves the user as they were', () => {
  given(ann())
    .when((user) => user.changeProfile({ friendPolicy: 'OPEN', nickname: '\u0000' }, moment))
    .thenRefused({ code: 'BAD_USER_INPUT', details: { field: 'nickname' } })
    .thenState(({ state }) => expect(state.profile.friendPolicy).toBe('APPROVAL'));
});

test('deleting erases the profile, once', () => {
  given(ann())
    .when((user) => {
      user.delete(moment);
      user.delete(moment);
    })
    .thenRecorded({ name: 'user.deleted', source: { version: 2 } })
    .thenState(({ state }) =>
      expect(state).toMatchObject({ version: 2, deleted: true, profile: { username: '', nickname: '' } }),
    );
});

test('a new password is not a new version: nobody else hears of it', () => {
  given(ann())
    .when((user) => user.passwordChanged(moment))
    .thenRecorded({ name: 'user.password-changed', source: { kind: 'user', id: 'u1', version: 1 } });
});

test('an operator may bring names that are shorter than what people choose', () => {
  const imported = User.register({ ...chosen, username: 'n7', shortestUsername: 1 }, moment);
  expect(imported.state.profile.username).toBe('n7');
});
