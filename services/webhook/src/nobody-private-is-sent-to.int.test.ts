import { eventually } from '@kith/local-servers';
import { expect, onTestFinished, test } from 'vitest';
import { receiveWebhooks } from './testing/receive-webhooks.ts';
import { startWebhookServiceForTests } from './testing/start-webhook-service-for-tests.ts';

/** Names lead where the test says. */
async function start(env: Record<string, string> = {}) {
  const names = new Map<string, string[]>();
  const asked: string[] = [];
  const resolve = async (hostname: string) => {
    asked.push(hostname);
    const addresses = names.get(hostname);
    if (!addresses) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  const [service, receiver] = await Promise.all([startWebhookServiceForTests(env, { resolve }), receiveWebhooks()]);
  onTestFinished(async () => {
    await service[Symbol.asyncDispose]();
    await receiver.stop();
  });
  return { service, receiver, names, asked };
}

const none = { WEBHOOK_ALLOW_HTTP: 'off', WEBHOOK_ALLOWED_RANGES: '' };

test('a name that leads to a private address is refused at registration, and changes nothing', async () => {
  const { service, names } = await start(none);
  names.set('metadata.example.com', ['169.254.169.254']);
  names.set('mixed.example.com', ['93.184.216.34', '::1']);
  for (const host of ['metadata.example.com', 'mixed.example.com', 'nowhere.example.com', '[::ffff:10.0.0.1]', '0']) {
    const { status, code, field } = await service.operator('webhooks', { url: `https://${host}/` });
    expect([host, status, code, field]).toEqual([host, 400, 'BAD_USER_INPUT', 'url']);
  }
  const { status, code } = await service.operator('webhooks', { url: 'http://example.com/' });
  expect([status, code]).toEqual([400, 'BAD_USER_INPUT']);
  expect((await service.operator('webhooks')).body.endpoints).toEqual([]);
});

test('a name that leads to a private address later is refused at the connection, and served when it is back', async () => {
  const { service, receiver, names, asked } = await start();
  const { port } = new URL(receiver.url);
  names.set('hook.example.com', ['127.0.0.1']);
  const { body: endpoint } = await service.operator('webhooks', { url: `http://hook.example.com:${port}/` });
  names.set('hook.example.com', ['10.0.0.1']);
  await service.publish('ann', 1);
  const last = async () => (await service.operator('webhooks/deliveries')).body.deliveries[0];
  await eventually('it was refused', async () => (await last())?.problem === 'ADDRESS_REFUSED');
  expect(receiver.received).toEqual([]);
  expect((await service.operator('webhooks/test', { endpoint: endpoint.id })).body).toMatchObject({
    outcome: 'failed',
    problem: 'ADDRESS_REFUSED',
  });
  names.set('hook.example.com', ['127.0.0.1']);
  await eventually('it arrived', () => receiver.received.length === 1);
  expect(asked.length).toBeGreaterThan(2);
});

test('an address that is no longer allowed is not connected to', async () => {
  const { service, receiver } = await start();
  await service.operator('webhooks', { url: receiver.url });
  await service.stop();
  await service.startAgain({ WEBHOOK_ALLOWED_RANGES: '10.0.0.0/8' });
  await service.publish('ann', 1);
  const last = async () => (await service.operator('webhooks/deliveries')).body.deliveries[0];
  await eventually('it was refused', async () => (await last())?.problem === 'ADDRESS_REFUSED');
  expect(receiver.received).toEqual([]);
});

test.each([
  ['webhooks', {}, 'url'],
  ['webhooks', { url: 'https://example.com/', events: 'kith.friend.*' }, 'events'],
  ['webhooks', { url: 'https://example.com/', events: ['kith.nothing.*'] }, 'events'],
  ['webhooks', { url: 'https://example.com/', more: true }, ''],
  ['webhooks/remove', { endpoint: 'first' }, 'endpoint'],
  ['webhooks/pause', { endpoint: '01900000-0000-7000-8000-000000000000' }, 'endpoint'],
  ['webhooks/redrive', { endpoint: '01900000-0000-7000-8000-000000000000' }, 'deliveries'],
  ['webhooks/deliveries?state=lost', undefined, 'state'],
  ['webhooks/deliveries?endpoint=01900000-0000-7000-8000-000000000000', undefined, 'endpoint'],
])('%s with %j is refused with a code', async (path, body, field) => {
  const { service, names } = await start(none);
  names.set('example.com', ['93.184.216.34']);
  const answer = await service.operator(path, body);
  expect([answer.status, answer.code, answer.field ?? '']).toEqual([400, 'BAD_USER_INPUT', field]);
});

test('none of it is for whoever lacks the operator’s key', async () => {
  const { service } = await start();
  for (const path of ['webhooks', 'webhooks/deliveries', 'status']) {
    const response = await fetch(`${service.url()}/operator/${path}`);
    expect([path, response.status]).toEqual([path, 401]);
  }
});
