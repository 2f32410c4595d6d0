import { createEventBus } from '@kith/event-delivery/domain-events';
import { createLog } from '@kith/service-kit';
import { register } from '@prometheus-io/client';
import { expect, test } from 'vitest';
import { User } from '../domain/user.ts';
import type { UserEvent } from '../domain/user-events.ts';
import { countAccountEvents } from './count-account-events.ts';
import { logAccountEvents } from './log-account-events.ts';

const now = new Date('2026-11-22T10:00:00Z');
const moment = { now, newId: () => 'e1' };

function hear() {
  const failures: unknown[] = [];
  const bus = createEventBus<UserEvent>({ onFailure: (failure) => failures.push(failure) });
  return { bus, failures };
}

/** Everything that can be recorded about one account. */
function everything(): readonly UserEvent[] {
  const user = User.register({ id: 'u1', username: 'ann', nickname: 'Ann Bell', avatarUrl: null }, moment);
  user.changeProfile({ nickname: 'Annie' }, moment);
  user.passwordChanged(moment);
  user.delete(moment);
  return user.takeEvents();
}

test('an account that is made or deleted, and a new password, are a line each, without personal data', async () => {
  const { bus, failures } = hear();
  const lines: object[] = [];
  const log = createLog({ name: 'test', level: 'silent' });
  log.info = (line: object) => void lines.push(line);
  logAccountEvents(bus, log);
  bus.dispatch(everything());
  await bus.stop();
  const audit = { id: 'e1', account: 'u1', at: now };
  expect(lines).toEqual([
    { audit: { ...audit, event: 'user.registered', version: 1 } },
    { audit: { ...audit, event: 'user.password-changed', version: 2 } },
    { audit: { ...audit, event: 'user.deleted', version: 3 } },
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/ann/i);
  expect(failures).toEqual([]);
});

test('accounts that are made and deleted, and new passwords, are counted', async () => {
  const { bus } = hear();
  countAccountEvents(bus);
  const names = ['kith_accounts_registered_total', 'kith_accounts_deleted_total', 'kith_passwords_changed_total'];
  const counts = async () => {
    const metrics = await Promise.all(names.map((name) => register.getSingleMetric(name)!.get()));
    return metrics.map(({ values }) => values[0]?.value ?? 0);
  };
  const before = await counts();
  bus.dispatch(everything());
  expect((await counts()).map((value, at) => value - before[at]!)).toEqual([1, 1, 1]);
});
