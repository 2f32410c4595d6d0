import { eventually } from '@kith/local-servers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { receiveWebhooks, status } from './testing/receive-webhooks.ts';
import { startWebhookServiceForTests } from './testing/start-webhook-service-for-tests.ts';

let service: Awaited<ReturnType<typeof startWebhookServiceForTests>>;
let receiver: Awaited<ReturnType<typeof receiveWebhooks>>;
beforeEach(async () => {
  [service, receiver] = await Promise.all([startWebhookServiceForTests(), receiveWebhooks()]);
});
afterEach(async () => {
  await service?.[Symbol.asyncDispose]();
  await receiver?.stop();
});

async function register(url = receiver.url, events = ['kith.friend.*']): Promise<{ id: string; secret: string }> {
  const { status: code, body } = await service.operator('webhooks', { url, events });
  expect([code, body.secret]).toEqual([200, expect.stringMatching(/^whsec_/)]);
  return body;
}

const logged = async (query = '') => (await service.operator(`webhooks/deliveries?${query}`)).body.deliveries;
/** Of a reconciliation that was whole. */
async function differences() {
  const lines = await service.operatorLines('reconcile');
  expect(lines.at(-1).result.checked).toMatchObject({ inbox: expect.any(Number) });
  return lines.flatMap(({ difference }) => difference ?? []);
}
const revisionsOf = (ownerId: string) =>
  receiver.received.filter(({ event }) => event.subject === ownerId).map(({ event }) => event.revision);

test('an event arrives once, signed, as it was published, and is logged', async () => {
  const { id, secret } = await register();
  const eventId = await service.publish('ann', 1);
  await service.publishClosedRequest('ann', 2);
  await service.publish('ann', 3);
  await eventually('both that are meant arrived', () => receiver.received.length >= 2);
  const [first, second] = receiver.received;
  expect(receiver.verified(first!, secret)).toMatchObject({
    specversion: '1.0',
    type: 'kith.friend.added.v1',
    id: eventId,
    subject: 'ann',
    revision: 1,
    data: { friend: { userId: 'somebody' } },
  });
  expect(first?.id).toBe(eventId);
  expect(second?.event.revision).toBe(3);
  await eventually('they are logged', async () => (await logged('state=delivered')).length === 2);
  expect(await logged(`endpoint=${id}`)).toMatchObject([
    { revision: 3, state: 'delivered', attempts: 1, status: 204 },
    { revision: 1, state: 'delivered', attempts: 1, status: 204, problem: null, ownerId: 'ann' },
  ]);
});

test('owners keep their order while an endpoint fails, and others overtake them', async () => {
  await register();
  let refusals = 0;
  receiver.answer(({ event }, response) => {
    const fails = event.subject === 'ann' && event.revision === 1 && refusals < 3;
    if (fails) refusals += 1;
    response.writeHead(fails ? 500 : 200).end();
  });
  for (const revision of [1, 2, 3]) await service.publish('ann', revision);
  await service.publish('bob', 1);
  await eventually('all arrived', () => revisionsOf('ann').includes(3) && revisionsOf('bob').length === 1);
  expect(revisionsOf('ann')).toEqual([1, 1, 1, 1, 2, 3]);
  const tries = receiver.received.filter(({ event }) => event.subject === 'ann' && event.revision === 1);
  expect(new Set(tries.map(({ id }) => id)).size).toBe(1);
});

test('what nobody takes in time is dead, passes its successors, and is redriven', async () => {
  await service.stop();
  await service.startAgain({ WEBHOOK_RETRY_FOR_S: '1' });
  const { id, secret } = await register();
  receiver.answer(({ event }, response) => void response.writeHead(event.revision === 1 ? 503 : 200).end());
  await service.publish('ann', 1);
  await service.publish('ann', 2);
  await eventually('the second arrived', () => revisionsOf('ann').includes(2));
  const [dead] = await logged(`endpoint=${id}&state=dead`);
  expect(dead).toMatchObject({ revision: 1, problem: 'HTTP_503', status: 503 });
  expect(dead.attempts).toBeGreaterThan(1);

  receiver.answer(status(200));
  const redriven = await service.operator('webhooks/redrive', { endpoint: id, deliveries: [dead.id] });
  expect(redriven.body).toEqual({ redriven: 1 });
  await eventually('it arrived', async () => (await logged('state=delivered')).length === 2);
  expect(receiver.verified(receiver.received.at(-1)!, secret)).toMatchObject({ revision: 1 });
});

test('an endpoint that answers nothing delays no other', async () => {
  const silent = await receiveWebhooks(() => undefined);
  await register(silent.url);
  await register();
  const owners = Array.from({ length: 12 }, (_, index) => `owner-${index}`);
  for (const owner of owners) await service.publish(owner, 1);
  await eventually('the other has all', () => receiver.received.length === owners.length);
  expect(silent.received.length).toBeGreaterThan(0);
  expect(silent.received.length).toBeLessThanOrEqual(4);
  await silent.stop();
});

test('410 pauses an endpoint, and resuming it sends what waited', async () => {
  const { id } = await register();
  receiver.answer(status(410));
  await service.publish('ann', 1);
  const paused = async () => (await service.operator('webhooks')).body.endpoints[0];
  await eventually('it is paused', async () => (await paused()).state === 'paused');
  expect((await paused()).pausedBecause).toBe('410 Gone');
  await service.publish('ann', 2);
  await eventually('both wait', async () => (await logged('state=pending')).length === 2);
  expect(receiver.received).toHaveLength(1);

  receiver.answer(status(200));
  await service.operator('webhooks/resume', { endpoint: id });
  await eventually('both arrived', () => revisionsOf('ann').length === 3);
  expect(revisionsOf('ann')).toEqual([1, 1, 2]);
});

test('a redirect is not followed, and is a failure', async () => {
  const elsewhere = await receiveWebhooks();
  await register();
  receiver.answer(status(302, { location: elsewhere.url }));
  await service.publish('ann', 1);
  await eventually('it was tried again', () => receiver.received.length >= 2);
  expect(elsewhere.received).toEqual([]);
  expect((await logged())[0]).toMatchObject({ state: 'pending', problem: 'HTTP_302' });
  await elsewhere.stop();
});

test('after a change of secret both sign, and the new one alone is given', async () => {
  const { id, secret } = await register();
  const { secret: next } = (await service.operator('webhooks/rotate-secret', { endpoint: id })).body;
  expect(next).not.toBe(secret);
  await service.publish('ann', 1);
  await eventually('it arrived', () => receiver.received.length === 1);
  for (const each of [secret, next]) receiver.verified(receiver.received[0]!, each);
  expect(JSON.stringify((await service.operator('webhooks')).body)).not.toContain('whsec_');
});

test('an answer without an end is not waited for longer than it may take', async () => {
  await service.stop();
  await service.startAgain({ WEBHOOK_TIMEOUT_MS: '300' });
  await register();
  receiver.answer((_received, response) => {
    response.writeHead(200);
    const dribble = setInterval(() => response.write('x'.repeat(100_000)), 10);
    response.on('close', () => clearInterval(dribble));
  });
  await service.publish('ann', 1);
  await eventually('its status counts', async () => (await logged('state=delivered')).length === 1);
});

test('a restart goes on where it was, and repeats with the same id at most', async () => {
  await register();
  receiver.answer(() => undefined);
  const eventId = await service.publish('ann', 1);
  await eventually('it is on its way', () => receiver.received.length === 1);
  await service.stop();
  await service.publish('ann', 2);
  receiver.answer(status(200));
  await service.startAgain();
  await eventually('both arrived', () => revisionsOf('ann').includes(2));
  expect(revisionsOf('ann')).toEqual([1, 1, 2]);
  expect(receiver.received.slice(0, 2).map(({ id }) => id)).toEqual([eventId, eventId]);
});

test('while nobody is registered nothing is consumed, and removing the last one ends it', async () => {
  const consuming = async () => (await service.operator('status')).body.consuming;
  await service.publish('ann', 1);
  expect(await consuming()).toBe(false);
  const { id } = await register();
  await eventually('it consumes', consuming);
  await service.operator('webhooks/remove', { endpoint: id });
  await eventually('it does not', async () => !(await consuming()));
  expect((await service.operator('webhooks')).body.endpoints).toEqual([]);
});

test('two processes send each event once and in order, and one goes on when the other has gone', async () => {
  await service.stop();
  await service.startAgain();
  const other = await service.startAnother();
  await register();
  // Longer than either looks again: what one is sending is left alone by the other.
  receiver.answer(({ event }, response) => {
    setTimeout(() => response.writeHead(200).end(), event.revision === 1 ? 2_500 : 0);
  });
  for (const revision of [1, 2, 3]) await service.publish('ann', revision);
  await eventually('all arrived', () => revisionsOf('ann').length >= 3);
  await service.stop();
  for (const revision of [4, 5]) await service.publish('ann', revision);
  await eventually('the other went on', () => revisionsOf('ann').includes(5));
  expect(revisionsOf('ann')).toEqual([1, 2, 3, 4, 5]);
  await other.stop();
  await service.startAgain();
});

test('proxy variables are not read', async () => {
  const before = process.env.HTTP_PROXY;
  process.env.HTTP_PROXY = 'http://127.0.0.1:9';
  await register();
  await service.publish('ann', 1);
  await eventually('it arrived all the same', () => receiver.received.length === 1);
  if (before === undefined) delete process.env.HTTP_PROXY;
  else process.env.HTTP_PROXY = before;
});

test('what was acknowledged and is not in the inbox is named; what nobody listens for, or listened for then, is not', async () => {
  const { id } = await register();
  await register(receiver.url, ['kith.user.*']);
  await service.publish('ann', 1);
  await service.sql.query(`UPDATE endpoint SET created_at = created_at - interval '5 minutes' WHERE id = $1`, [id]);
  const missed = await service.publish('ann', 2);
  await service.publishClosedRequest('ann', 3);
  await service.publish('ann', 4);
  await eventually('the last is logged', async () => (await logged('state=delivered'))[0]?.revision === 4);
  expect(await differences()).toEqual([]);

  await service.sql.query('DELETE FROM inbox WHERE event_id = $1', [missed]);
  await eventually('it is named', async () => (await differences()).length > 0);
  expect(await differences()).toMatchObject([
    { check: 'inbox', owner: 'ann', revision: 2, eventId: missed, stream: 'FRIEND' },
  ]);
  await service.sql.query('UPDATE endpoint SET created_at = now()');
  expect(await differences()).toEqual([]);
});
