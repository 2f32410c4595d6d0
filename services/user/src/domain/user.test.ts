import { expect, test } from 'vitest';
import { User } from './user.ts';

const now = new Date('2026-11-22T10:00:00Z');
let count = 0;
const moment = { now, newId: () => `event-${++count}` };

const given = { id: 'u1', username: 'Ann', nickname: ' Ann Bell ', avatarUrl: null };
const ann = () => new User(User.register(given, moment).state);

test('registering makes version 1 and says so', () => {
  const user = User.register(given, moment);
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
  { ...given, username: 'a' },
  { ...given, nickname: '' },
  { ...given, avatarUrl: 'ftp://x' },
])('%o cannot register', (wrong) => {
  expect(() => User.register(wrong, moment)).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT' }));
});

test('a changed profile is the next version, with before and after', () => {
  const user = ann();
  user.changeProfile({ nickname: 'Annie', friendPolicy: 'OPEN' }, moment);
  expect(user.state).toMatchObject({ version: 2, profile: { nickname: 'Annie', friendPolicy: 'OPEN' } });
  expect(user.events).toMatchObject([
    {
      name: 'user.profile-changed',
      source: { version: 2 },
      before: { nickname: 'Ann Bell', friendPolicy: 'APPROVAL' },
      after: { username: 'ann', nickname: 'Annie', friendPolicy: 'OPEN' },
    },
  ]);
});

test('fields left out stay, null clears the avatar', () => {
  const user = ann();
  user.changeProfile({ avatarUrl: 'https://a.example/a.png' }, moment);
  user.changeProfile({ nickname: 'Annie' }, moment);
  expect(user.state.profile.avatarUrl).toBe('https://a.example/a.png');
  user.changeProfile({ avatarUrl: null }, moment);
  expect(user.state.profile).toMatchObject({ avatarUrl: null, nickname: 'Annie' });
});

test('a change that changes nothing records nothing', () => {
  const user = ann();
  user.changeProfile({ nickname: '  Ann Bell ', avatarUrl: null, friendPolicy: 'APPROVAL' }, moment);
  user.changeProfile({}, moment);
  expect([user.state.version, user.events]).toEqual([1, []]);
});

test('a refused change leaves the user as they were', () => {
  const user = ann();
  expect(() => user.changeProfile({ friendPolicy: 'OPEN', nickname: '\u0000' }, moment)).toThrow();
  expect([user.state.profile.friendPolicy, user.events]).toEqual(['APPROVAL', []]);
});

test('deleting erases the profile, once', () => {
  const user = ann();
  user.delete(moment);
  user.delete(moment);
  expect(user.state).toMatchObject({ version: 2, deleted: true, profile: { username: '', nickname: '' } });
  expect(user.events).toMatchObject([{ name: 'user.deleted', source: { version: 2 } }]);
});

test('a new password is not a new version: nobody else hears of it', () => {
  const user = ann();
  user.passwordChanged(moment);
  expect([user.state.version, user.events.map(({ name }) => name)]).toEqual([1, ['user.password-changed']]);
});

test('an operator may bring names that are shorter than what people choose', () => {
  const imported = User.register({ ...given, username: 'n7', shortestUsername: 1 }, moment);
  expect(imported.state.profile.username).toBe('n7');
});
