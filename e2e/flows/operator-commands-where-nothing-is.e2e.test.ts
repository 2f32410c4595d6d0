import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandsOn } from '../src/system/command-kith.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

const NOBODY = '019a0000-0000-7000-8000-00000000dead';

let system: SystemForTest;
let kith: ReturnType<typeof commandsOn>['kith'];
let inJson: ReturnType<typeof commandsOn>['inJson'];
beforeAll(async () => {
  system = await startSystemForTest({ gateways: 1, env: { WEBHOOKS: 'on' } });
  ({ kith, inJson } = commandsOn(system));
});
afterAll(() => system?.stop());

const refused = (code: string) => [{ error: { code, message: expect.stringMatching(/\w/) } }];

test.each<[string, number, unknown[], RegExp]>([
  ['events show', 2, refused('USED_WRONGLY'), /kith events show OWNER/],
  [`events show ${NOBODY}`, 1, [{ events: 0 }], /There are no such events/],
  ['events dead list', 0, [{ letters: 0 }], /Nothing is dead/],
  ['events dead show 1', 1, refused('NO_SUCH_LETTER'), /There is no dead letter 1/],
  ['events dead redrive 1', 1, [{ letter: 1, outcome: 'missing' }], /There is no dead letter 1/],
  ['events dead redrive --all', 0, [{ settled: 0 }], /0 of 0/],
  ['events dead drop 1', 1, [{ letter: 1, outcome: 'missing' }], /There is no dead letter 1/],
  ['events dead drop --all', 0, [{ settled: 0 }], /0 of 0/],
  ['events dead history', 0, [{ settlements: 0 }], /Nothing was redriven or dropped/],
  ['events outbox list', 0, [{ setAside: 0 }], /Nothing is set aside/],
  ['events outbox show 1 --service user', 1, refused('NOT_SET_ASIDE'), /1 is not set aside/],
  ['events outbox send --all', 0, [{ sent: { user: 0, friend: 0 } }], /0 tried again/],
  [
    `events outbox send ${NOBODY}`,
    1,
    [{ sent: { user: 0, friend: 0 }, missing: [NOBODY] }],
    /Nothing of .+ is set aside/,
  ],
  ['events outbox drop --all', 0, [{ dropped: { user: 0, friend: 0 } }], /0 dropped/],
  [
    'events outbox drop --number 1 --service user',
    1,
    [{ dropped: { user: 0 }, missing: ['1'] }],
    /Nothing of 1 is set aside/,
  ],
  [
    `events republish --owner ${NOBODY}`,
    0,
    [{ republished: { user: 0, friend: 0 }, tookMs: expect.any(Number) }],
    /0 events published again/,
  ],
  ['webhooks list', 0, [{ endpoints: 0 }], /There is no endpoint/],
  ['webhooks deliveries', 0, [{ deliveries: 0 }], /Nothing was sent/],
  [`webhooks deliveries ${NOBODY}`, 1, refused('BAD_USER_INPUT'), /no such endpoint/],
  [`webhooks remove ${NOBODY}`, 1, refused('BAD_USER_INPUT'), /no such endpoint/],
  [`webhooks pause ${NOBODY}`, 1, refused('BAD_USER_INPUT'), /no such endpoint/],
  [`webhooks resume ${NOBODY}`, 1, refused('BAD_USER_INPUT'), /no such endpoint/],
  [`webhooks rotate-secret ${NOBODY}`, 1, refused('BAD_USER_INPUT'), /no such endpoint/],
  [`webhooks test ${NOBODY}`, 1, refused('BAD_USER_INPUT'), /no such endpoint/],
  [`webhooks redrive ${NOBODY} --all`, 1, refused('BAD_USER_INPUT'), /no such endpoint/],
])('where nothing is there kith %s says so, by code and in both forms', async (line, code, lines, sentence) => {
  expect(await inJson(line)).toEqual({ code, lines });
  const said = await kith(line);
  expect([said.code, `${said.stdout}${said.stderr}`]).toEqual([code, expect.stringMatching(sentence)]);
});

test('where nothing is there kith events status and reconcile have nothing to say', async () => {
  const status = await inJson('events status');
  expect(status).toMatchObject({ code: 0, lines: [{ dead: { total: 0 }, consumers: expect.any(Array) }] });
  expect(await kith('events status')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^OUTBOX/) });
  const compared = { user: { stream: 0 }, friend: { stream: 0, inbox: 0 }, webhook: { inbox: 0 } };
  expect(await inJson('events reconcile')).toMatchObject({
    code: 0,
    lines: [{ result: { checked: compared, differences: 0 } }],
  });
  expect(await kith('events reconcile')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/0 differences\n$/),
  });
});
