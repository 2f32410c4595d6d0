import type { EventBroker } from '@kith/event-delivery';
import { openLiveLists } from '@kith/live-list';
import { describeListContract } from '@kith/live-list/testing';
import { createLog } from '@kith/service-kit';
import pg from 'pg';
import { v7 as newId } from 'uuid';
import * as vitest from 'vitest';
import { CIRCLES_SOURCE, CIRCLES_STREAM } from '../contracts/circle-events.ts';
import { join, rename } from '../rules/circle.ts';
import { createCircles } from '../store/change-circles.ts';
import { createTables } from '../store/create-tables.ts';
import { createDatabase } from '../testing/create-database.ts';
import { declareLists } from './circle-lists.ts';

const LIMITS = { membersPerCircle: 100, circlesPerPerson: 100 };

/** Without a broker: what is committed waits in the outbox, and can be asked for. */
async function open() {
  const { url, drop } = await createDatabase();
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  pool.on('error', () => undefined);
  await createTables(pool);
  const lists = await openLiveLists({
    ...{ pool, stream: CIRCLES_STREAM, source: CIRCLES_SOURCE, log: createLog({ name: 'test', level: 'silent' }) },
    broker: new Promise<EventBroker>(() => undefined),
  });
  const circles = createCircles({
    ...{ pool, limits: LIMITS, newId, now: () => new Date(), traceparent: () => undefined, committed: () => undefined },
  });
  const { members, own } = declareLists(lists);
  const stop = async () => {
    await lists.stop();
    await pool.end();
    await drop();
  };
  return { members, own, circles, stop };
}

describeListContract(
  'members of a circle',
  async () => {
    const { members, circles, stop } = await open();
    return {
      list: members,
      newOwner: () => circles.create(newId(), 'Chess'),
      change: (circleId) => circles.change(circleId, [], (circle, now) => join(circle, newId(), now, LIMITS)),
      changeInVain: (circleId) =>
        circles.change(circleId, [], (circle, now) => [
          ...join(circle, newId(), now, LIMITS),
          // Nobody has such an id.
          ...join(circle, 'no id', now, LIMITS),
        ]),
      stop,
    };
  },
  vitest,
);

describeListContract(
  'circles of a person',
  async () => {
    const { own, circles, stop } = await open();
    const homes = new Map<string, string>();
    return {
      list: own,
      async newOwner() {
        const userId = newId();
        homes.set(userId, await circles.create(userId, 'Home'));
        return userId;
      },
      change: (userId) =>
        circles.change(homes.get(userId) ?? '', [userId], (circle) => rename(circle, userId, `Home ${newId()}`)),
      changeInVain: (userId) =>
        circles.change(homes.get(userId) ?? '', [userId], (circle) => {
          const [renamed] = rename(circle, userId, 'Never');
          return renamed ? [renamed, { name: 'renamed', to: 'a\0b' }] : [];
        }),
      stop,
    };
  },
  vitest,
);
