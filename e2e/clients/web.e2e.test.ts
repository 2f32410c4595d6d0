// Longer than other files: one browser and one system, which take long to start, and all that a person does in them.

import { readFile } from 'node:fs/promises';
import { createKithClient } from '@kith/client';
import { buildWebClientWhenStale } from '@kith/local';
import { createClient } from 'graphql-ws';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ask } from '../src/people/ask-gateway.ts';
import { PASSWORD } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';
import {
  chooseFromMenu,
  closeNotice,
  friendNamed,
  goTo,
  rename,
  screenLink,
  signInOnPage,
  signUpOnPage,
  whenLive,
  whenOffline,
} from '../src/web/act-as-a-person.ts';
import { openBrowser, type Visitor, visit } from '../src/web/open-browser.ts';

/** So few wrong passwords that a test can give them, and so short a wait that it can sit it out. */
const WRONG_PASSWORDS = 3;
const LIMITS = { SIGN_IN_FAILURES_PER_ACCOUNT: String(WRONG_PASSWORDS), SIGN_IN_WINDOW_S: '25' };

/** Whatever the page sends in this file, it finds its way through the strictest gateway. */
const ENV = { ...LIMITS, TRUSTED_DOCUMENTS: 'only' };

let system: SystemForTest;
let chromium: Awaited<ReturnType<typeof openBrowser>>;
let browser: Browser;
const visitors: Visitor[] = [];

beforeAll(async () => {
  await buildWebClientWhenStale(() => undefined);
  [system, chromium] = await Promise.all([startSystemForTest({ gateways: 1, env: ENV }), openBrowser()]);
  browser = chromium.browser;
});
afterEach(async () => {
  for (const { context } of visitors.splice(0)) await context.close();
});
afterAll(async () => {
  await chromium?.stop();
  await system?.stop();
});

async function newVisitor(path = '/'): Promise<Visitor> {
  const visitor = await visit(browser, system.gatewayUrls[0]!, { path });
  visitors.push(visitor);
  return visitor;
}

let people = 0;
async function newPerson(nickname: string): Promise<Visitor & { username: string }> {
  people += 1;
  const username = `${nickname.toLowerCase()}_w${people}`;
  const visitor = await newVisitor();
  await signUpOnPage(visitor.page, { nickname, username, password: PASSWORD });
  return { ...visitor, username };
}

/** One asks and the other accepts, as people do it. */
async function befriendOnPages(asking: Page, accepting: Page, username: string, nickname: string): Promise<void> {
  await goTo(asking, 'People');
  await asking.getByRole('searchbox', { name: 'Search everybody' }).fill(username);
  await asking.getByRole('button', { name: /^Add / }).click();
  await asking.getByRole('button', { name: 'Send request' }).click();
  await goTo(accepting, 'Requests');
  await accepting.getByRole('button', { name: `Accept ${nickname}` }).click();
  await goTo(asking, 'Friends');
  await goTo(accepting, 'Friends');
  await friendNamed(accepting, nickname).waitFor();
}

describe('the life of two people, each at a browser', () => {
  test('from the request to the block, each sees at once what the other does', async () => {
    const ann = await newPerson('Ann');
    const bob = await newPerson('Bob');
    await ann.page.getByRole('heading', { name: 'No friends yet' }).waitFor();

    // Ann finds Bob and asks; Bob's badge counts it where he is.
    await goTo(ann.page, 'People');
    await ann.page.getByRole('searchbox', { name: 'Search everybody' }).fill('bob_w');
    await ann.page.getByRole('button', { name: 'Add Bob' }).click();
    await ann.page.getByRole('textbox', { name: 'Message to Bob (optional)' }).fill('From the club');
    await ann.page.getByRole('button', { name: 'Send request' }).click();
    await ann.page.getByRole('list', { name: 'People found' }).getByText('Request sent').waitFor();
    await bob.page.getByRole('link', { name: 'Requests 1 waiting for your answer' }).waitFor();
    expect(await bob.page.title()).toBe('(1) Friends · Kith');

    // Bob reads it and accepts; both lists have the other one.
    await goTo(bob.page, 'Requests');
    const request = bob.page.getByRole('list', { name: 'Requests for you' }).getByRole('listitem');
    await request.getByText('From the club').waitFor();
    await request.getByRole('button', { name: 'Accept Ann' }).click();
    await bob.page.getByRole('heading', { name: 'No requests for you' }).waitFor();
    await ann.page.getByRole('list', { name: 'People found' }).getByText('Friend', { exact: true }).waitFor();
    await goTo(ann.page, 'Friends');
    await friendNamed(ann.page, 'Bob').waitFor();

    // A name of Ann's own, in place; a pin; a tag.
    await ann.page.getByRole('button', { name: 'Bob: change the name you gave' }).click();
    await ann.page.getByRole('textbox', { name: 'Your name for Bob' }).fill('Bobby');
    await ann.page.keyboard.press('Enter');
    await friendNamed(ann.page, 'Bobby').getByText('Bob', { exact: true }).waitFor();
    await ann.page.getByRole('button', { name: 'Pin Bobby' }).click();
    await ann.page.getByRole('button', { name: 'Pin Bobby', pressed: true }).waitFor();
    await chooseFromMenu(ann.page, 'Bobby', 'Edit tags');
    await ann.page.getByRole('textbox', { name: 'New tag' }).fill('judo');
    await ann.page.getByRole('button', { name: 'Save' }).click();
    await ann.page.getByRole('button', { name: 'judo 1' }).waitFor();

    // Bob takes another name: Ann's row shows it under hers.
    await rename(bob.page, 'Robert');
    await friendNamed(ann.page, 'Bobby').getByText('Robert').waitFor();

    // All of it is there after a reload.
    await ann.page.reload();
    await whenLive(ann.page);
    const row = friendNamed(ann.page, 'Bobby');
    await row.getByText('Robert').waitFor();
    await row.getByText('judo').waitFor();
    await row.getByRole('button', { name: 'Pin Bobby', pressed: true }).waitFor();

    // Bob blocks Ann: her list is empty, and she cannot ask again. He thinks better of it.
    await goTo(bob.page, 'Friends');
    await chooseFromMenu(bob.page, 'Ann', 'Block');
    await closeNotice(bob.page, 'Ann is blocked');
    await ann.page.getByRole('heading', { name: 'No friends yet' }).waitFor();
    await goTo(bob.page, 'Blocked');
    await bob.page.getByRole('button', { name: 'Unblock Ann' }).click();
    await bob.page.getByRole('heading', { name: 'Nobody is blocked' }).waitFor();

    // Bob leaves.
    await goTo(bob.page, 'You');
    await bob.page.getByRole('button', { name: 'Sign out' }).click();
    await bob.page.getByRole('form', { name: 'Sign in' }).waitFor();
    expect([...ann.complaints, ...bob.complaints]).toEqual([]);
  });

  test('two tabs of one person stay in step, and are signed out together', async () => {
    const ann = await newPerson('Anna');
    const ben = await newPerson('Ben');
    await befriendOnPages(ann.page, ben.page, ben.username, 'Anna');
    const second = await ann.openTab();
    await friendNamed(second, 'Ben').waitFor();
    const drawn = await watchNames(second);

    await second.getByRole('button', { name: 'Ben: change the name you gave' }).click();
    await second.getByRole('textbox', { name: 'Your name for Ben' }).fill('Benjamin');
    await second.keyboard.press('Enter');
    await friendNamed(ann.page, 'Benjamin').waitFor();
    await ann.page.getByRole('button', { name: 'Pin Benjamin' }).click();
    await second.getByRole('button', { name: 'Pin Benjamin', pressed: true }).waitFor();
    // The later change has come, so the edit's own change has too: in all that time the old name was never back.
    const names = await drawn();
    expect(names).toContain('Benjamin');
    expect(names.slice(names.indexOf('Benjamin'))).not.toContain('Ben');

    await goTo(ann.page, 'You');
    await ann.page.getByRole('button', { name: 'Sign out' }).click();
    await second.getByRole('form', { name: 'Sign in' }).waitFor();
    await signInOnPage(second, { username: ann.username, password: PASSWORD });
    await whenLive(ann.page);
    expect(ann.complaints).toEqual([]);
  });
});

/** Notes every name that is drawn in the list from now on; the result gives them back, in order. */
async function watchNames(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const names: string[] = [];
    const list = document.querySelector('[aria-label="Your friends"]');
    const note = () => {
      for (const button of list?.querySelectorAll('button[title]') ?? []) names.push(button.textContent ?? '');
    };
    if (list) new MutationObserver(note).observe(list, { subtree: true, childList: true, characterData: true });
    Object.assign(globalThis, { namesDrawn: names });
  });
  return () => page.evaluate(() => (globalThis as unknown as { namesDrawn: string[] }).namesDrawn);
}

describe('when the connection goes', () => {
  test('offline, the list stays; back online, it has what happened meanwhile', async () => {
    const cleo = await newPerson('Cleo');
    const dan = await newPerson('Dan');
    await befriendOnPages(cleo.page, dan.page, dan.username, 'Cleo');
    await friendNamed(cleo.page, 'Dan').waitFor();

    await cleo.withoutNetwork(async () => {
      await cleo.context.setOffline(true);
      await whenOffline(cleo.page);
      await rename(dan.page, 'Daniel');
      await friendNamed(cleo.page, 'Dan').waitFor();
      // An edit is taken back, and says why. A screen that was never opened may not be there; the page around it is.
      await cleo.page.getByRole('button', { name: 'Pin Dan' }).click();
      await cleo.page.getByRole('button', { name: 'Pin Dan', pressed: false }).waitFor();
      await screenLink(cleo.page, 'Blocked').click();
      await screenLink(cleo.page, 'Friends').click();
      await friendNamed(cleo.page, 'Dan').waitFor();
      await screenLink(cleo.page, 'Blocked').click();
      await cleo.context.setOffline(false);
      await cleo.page.getByRole('heading', { name: 'Nobody is blocked' }).waitFor();
      await goTo(cleo.page, 'Friends');
      await friendNamed(cleo.page, 'Daniel').waitFor();
      await whenLive(cleo.page);
    });
    expect([...cleo.complaints, ...dan.complaints]).toEqual([]);
  });

  test('a gateway that is killed and comes back costs nobody anything', async () => {
    const ema = await newPerson('Ema');
    const fay = await newPerson('Fay');
    await befriendOnPages(ema.page, fay.page, fay.username, 'Ema');
    await friendNamed(ema.page, 'Fay').waitFor();

    await ema.withoutNetwork(() =>
      fay.withoutNetwork(async () => {
        await system.gateways[0]!.kill();
        await Promise.all([whenOffline(ema.page), whenOffline(fay.page)]);
        await friendNamed(ema.page, 'Fay').waitFor();
        await system.gateways[0]!.start();
        await Promise.all([whenLive(ema.page), whenLive(fay.page)]);
      }),
    );
    await rename(fay.page, 'Faye');
    await friendNamed(ema.page, 'Faye').waitFor();
    expect([...ema.complaints, ...fay.complaints]).toEqual([]);
  });

  // In one process a service cannot be down while the gateway is there to say so.
  test.skipIf(process.env.EVENT_BUS === 'in-process')(
    'a service that is down is said, and its part comes back by itself',
    async () => {
      const gus = await newPerson('Gus');
      await goTo(gus.page, 'Blocked');
      await gus.page.getByRole('heading', { name: 'Nobody is blocked' }).waitFor();
      await gus.withoutNetwork(async () => {
        await system.friend.kill();
        await goTo(gus.page, 'People');
        await gus.page.getByRole('alert').getByText('Part of Kith is not answering').waitFor();
        await system.friend.start();
        await gus.page.getByRole('heading', { name: 'Nobody to suggest yet' }).waitFor();
        await whenLive(gus.page);
      });
      expect(gus.complaints).toEqual([]);
    },
  );
});

/** The browser itself notes the status of every refusal on its console. */
const isNotAboutTheLimit = (complaint: string) => !complaint.includes('a status of 429');

// She begins here and ends at the foot of this file: others do what they do while she waits.
let lea: Visitor & { username: string };

test('after too many tries the button waits, and counts down', async () => {
  lea = await newPerson('Lea');
  // Her browser stays open for the test that goes on with it.
  visitors.pop();
  await goTo(lea.page, 'You');
  await lea.page.getByRole('button', { name: 'Sign out' }).click();
  for (let tries = 0; tries < WRONG_PASSWORDS; tries += 1) {
    await signInOnPage(lea.page, { username: lea.username, password: `wrong ${tries}` });
    await lea.page.getByRole('alert').getByText('Wrong username or password').waitFor();
  }
  await signInOnPage(lea.page, { username: lea.username, password: PASSWORD });
  await lea.page
    .getByRole('alert')
    .getByText(/Try again in \d+ seconds?\./)
    .waitFor();
  expect(await lea.page.getByRole('button', { name: /^Wait \d+ s$/ }).isDisabled()).toBe(true);
});

describe('signing in', () => {
  test('a wrong password is said beside the form, and the right one is taken', async () => {
    const hal = await newPerson('Hal');
    await goTo(hal.page, 'You');
    await hal.page.getByRole('button', { name: 'Sign out' }).click();
    await signInOnPage(hal.page, { username: hal.username, password: 'not the password' });
    await hal.page.getByRole('alert').getByText('Wrong username or password').waitFor();
    await signInOnPage(hal.page, { username: hal.username, password: PASSWORD });
    await whenLive(hal.page);
    expect(hal.complaints).toEqual([]);
  });

  test('a session that was ended elsewhere: sign in again, and be back where one was', async () => {
    const ida = await newPerson('Ida');
    await goTo(ida.page, 'Blocked');
    const elsewhere = createKithClient({ url: `${system.gatewayUrls[0]}/graphql` });
    await elsewhere.session.signIn({ username: ida.username, password: PASSWORD });
    await elsewhere.session.changePassword({ currentPassword: PASSWORD, newPassword: `${PASSWORD}, renewed` });
    elsewhere.stop();

    await ida.page.getByText('Your session has ended.').waitFor();
    await signInOnPage(ida.page, { username: ida.username, password: `${PASSWORD}, renewed` });
    await ida.page.getByRole('heading', { level: 1, name: 'Blocked' }).waitFor();
    await whenLive(ida.page);
    expect(ida.complaints).toEqual([]);
  });

  test('an account that is deleted is gone from the other one’s list', async () => {
    const jan = await newPerson('Jan');
    const kim = await newPerson('Kim');
    await befriendOnPages(jan.page, kim.page, kim.username, 'Jan');
    await goTo(kim.page, 'You');
    await kim.page.getByRole('button', { name: 'Delete …' }).click();
    const dialog = kim.page.getByRole('alertdialog', { name: 'Delete your account?' });
    await dialog.getByLabel('Your password, to be sure').fill(PASSWORD);
    await dialog.getByRole('button', { name: 'Delete for good' }).click();
    await kim.page.getByRole('form', { name: 'Sign in' }).waitFor();
    await jan.page.getByRole('heading', { name: 'No friends yet' }).waitFor();
    expect([...jan.complaints, ...kim.complaints]).toEqual([]);
  });
});

test('the page’s own documents are answered, and nobody else’s', async () => {
  const [gatewayUrl] = system.gatewayUrls as [string];
  const own = JSON.parse(
    await readFile(new URL('../../web/dist/.vite/trusted-documents.json', import.meta.url), 'utf8'),
  ) as Record<string, string>;
  const others = { query: '{ me { id } }' };
  expect(Object.values(own)).not.toContain(others.query);
  expect(await ask(gatewayUrl, others)).toMatchObject({ status: 403, errors: [{ extensions: { code: 'FORBIDDEN' } }] });

  const oda = await newPerson('Oda');
  const pia = await newPerson('Pia');
  const input = { username: oda.username, password: PASSWORD };
  const [id] = Object.entries(own).find(([, text]) => text.startsWith('mutation SignIn('))!;
  const named = await fetch(`${gatewayUrl}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ documentId: id, variables: { input } }),
  });
  const { data } = (await named.json()) as { data: { signIn: { accessToken: string } } };
  const socket = createClient({
    url: `${gatewayUrl.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${data.signIn.accessToken}` },
    retryAttempts: 0,
  });
  const other = socket.iterate({ query: 'subscription { friendListChanged { revision } }' }).next();
  await expect(other).rejects.toMatchObject([{ extensions: { code: 'FORBIDDEN' } }]);
  await socket.dispose();

  // The page's own subscription is as live as ever.
  await befriendOnPages(oda.page, pia.page, pia.username, 'Oda');
  await rename(pia.page, 'Pia the Second');
  await friendNamed(oda.page, 'Pia the Second').waitFor();
  expect([...oda.complaints, ...pia.complaints]).toEqual([]);
});

test('under the hood: operations, frames, revision and latency as they happen, and the way into GraphiQL', async () => {
  const max = await newPerson('Max');
  const nan = await newPerson('Nan');
  await befriendOnPages(max.page, nan.page, nan.username, 'Max');
  await max.page.getByRole('button', { name: 'Under the hood' }).click();
  const drawer = max.page.getByRole('complementary', { name: 'Under the hood' });
  await rename(nan.page, 'Nanny');
  await drawer
    .getByRole('button', { name: /frame received FriendChanged/ })
    .first()
    .waitFor();
  await drawer.getByText(/Commit to screen: last \d+ ms/).waitFor();
  const operation = drawer.getByRole('button', { name: /operation SearchPeople/ }).first();
  await operation.click();
  // No secret is shown.
  await drawer.getByRole('button', { name: /operation SignUp/ }).waitFor();
  expect(await drawer.textContent()).not.toContain(PASSWORD);

  const [graphiql] = await Promise.all([
    max.context.waitForEvent('page'),
    drawer.getByRole('link', { name: 'Open in GraphiQL' }).click(),
  ]);
  await graphiql.getByText('SearchPeople').first().waitFor();
  expect([...max.complaints, ...nan.complaints]).toEqual([]);
});

test('an answer that is asked for again and again is no way around a no', async () => {
  const ora = await newPerson('Ora');
  const pam = await newPerson('Pam');
  await goTo(ora.page, 'People');
  await ora.page.getByRole('searchbox', { name: 'Search everybody' }).fill(pam.username);
  await goTo(pam.page, 'Requests');
  const ask = async () => {
    await ora.page.getByRole('button', { name: 'Add Pam' }).click();
    await ora.page.getByRole('button', { name: 'Send request' }).click();
  };
  await ask();
  await pam.page.getByRole('button', { name: 'Decline Ora' }).click();
  await pam.page.getByRole('heading', { name: 'No requests for you' }).waitFor();
  await closeNotice(pam.page, 'Ora is declined');
  await ora.page.getByRole('button', { name: 'Add Pam' }).waitFor();
  await ask();
  await ora.page.getByText('Not so fast', { exact: true }).waitFor();
  await ora.page
    .getByText(/Try again in \d+ (hours|minutes)\./)
    .first()
    .waitFor();
  await screenLink(ora.page, 'Friends').click();
  expect([...ora.complaints, ...pam.complaints].filter(isNotAboutTheLimit)).toEqual([]);
});

test('when it has waited long enough, the right password is taken', async () => {
  await lea.page.getByRole('alert').getByText('You can try again now.').waitFor({ timeout: 40_000 });
  await signInOnPage(lea.page, { username: lea.username, password: PASSWORD });
  await whenLive(lea.page);
  expect(lea.complaints.filter(isNotAboutTheLimit)).toEqual([]);
  await lea.context.close();
});
