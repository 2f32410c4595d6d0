// Longer than other files: one browser and one system, which take long to start, and a visit for each subject.

import { buildWebClientWhenStale } from '@kith/local';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addFriend, makeFriends } from '../src/people/friend-operations.ts';
import { PASSWORD, type Person, signUp } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';
import {
  chooseFromMenu,
  closeNotice,
  friendNamed,
  goTo,
  noticeOf,
  screenLink,
  signInOnPage,
  whenLive,
} from '../src/web/act-as-a-person.ts';
import { openBrowser, type Visitor, visit } from '../src/web/open-browser.ts';

let system: SystemForTest;
let chromium: Awaited<ReturnType<typeof openBrowser>>;
const visitors: Visitor[] = [];

beforeAll(async () => {
  await buildWebClientWhenStale(() => undefined);
  [system, chromium] = await Promise.all([startSystemForTest({ gateways: 1 }), openBrowser()]);
});
afterEach(async () => {
  for (const { context } of visitors.splice(0)) await context.close();
});
afterAll(async () => {
  await chromium?.stop();
  await system?.stop();
});

let people = 0;
function newPeople(...nicknames: string[]): Promise<Person[]> {
  people += 1;
  return Promise.all(
    nicknames.map((nickname) => signUp(system.gatewayUrls[0]!, `${nickname.toLowerCase()}_s${people}`, nickname)),
  );
}

async function atTheirBrowser(person: Person, path = '/'): Promise<Visitor> {
  const visitor = await visit(chromium.browser, system.gatewayUrls[0]!, { path });
  visitors.push(visitor);
  await signInOnPage(visitor.page, { username: person.username, password: PASSWORD });
  await whenLive(visitor.page);
  return visitor;
}

/** Its time does not run out meanwhile, on however slow a machine. */
const pointAt = (page: Page, notice: string) => noticeOf(page, notice).getByText(notice).hover();

const OUTBOX = 'kith.held-back';
const readOutbox = (page: Page) => page.evaluate((key) => localStorage.getItem(key) ?? '[]', OUTBOX);

/** What a page leaves that dies before it has sent it, an hour ago. */
async function leaveInOutbox(page: Page, deeds: string, change: object): Promise<void> {
  const left = (JSON.parse(deeds) as object[]).map((deed) => ({ ...deed, heldAt: Date.now() - 3_600_000, ...change }));
  expect(left).toHaveLength(1);
  await page.evaluate(([key, text]) => localStorage.setItem(key!, text!), [OUTBOX, JSON.stringify(left)]);
  await page.reload();
  await whenLive(page);
}

test('what is removed, blocked or declined can be undone, and until then nobody else hears of it', async () => {
  const [ann, bob, cleo, dee] = (await newPeople('Ann', 'Bob', 'Cleo', 'Dee')) as [Person, Person, Person, Person];
  await makeFriends(ann, bob);
  await Promise.all([addFriend(cleo, ann.id), addFriend(dee, ann.id)]);
  const [hers, his] = await Promise.all([atTheirBrowser(ann), atTheirBrowser(bob)]);
  const { page } = hers;
  const second = await hers.openTab();
  await friendNamed(second, 'Bob').waitFor();

  // Removed: gone from both of her tabs at once, and still on his list. Nobody asks whether she is sure.
  await chooseFromMenu(page, 'Bob', 'Remove');
  await pointAt(page, 'Bob is removed');
  await page.getByRole('heading', { name: 'No friends yet' }).waitFor();
  await second.getByRole('heading', { name: 'No friends yet' }).waitFor();
  await friendNamed(his.page, 'Ann').waitFor();
  await page.getByRole('button', { name: 'Undo: Bob is removed' }).click();
  await friendNamed(page, 'Bob').waitFor();
  await friendNamed(second, 'Bob').waitFor();
  expect(await readOutbox(page)).toBe('[]');

  // Blocked, on the profile, with the keyboard's undo.
  await chooseFromMenu(page, 'Bob', 'Show profile');
  await page.getByRole('button', { name: 'Block' }).click();
  await pointAt(page, 'Bob is blocked');
  await page.getByRole('region', { name: 'Profile' }).getByRole('button', { name: 'Undo: Bob is blocked' }).waitFor();
  await page.keyboard.press('Control+z');
  await page.getByRole('region', { name: 'Profile' }).getByText('Friend', { exact: true }).waitFor();

  // Declined; two notices of one kind are one, with a line for each.
  await goTo(page, 'Requests');
  await page.getByRole('button', { name: 'Decline Cleo' }).click();
  await page.getByRole('button', { name: 'Decline Dee' }).click();
  await pointAt(page, 'Dee is declined');
  await page.getByRole('heading', { name: 'No requests for you' }).waitFor();
  expect(await noticeOf(page, 'is declined').count()).toBe(1);
  await noticeOf(page, 'Dee is declined').getByText('Cleo is declined').waitFor();
  await page.getByRole('button', { name: 'Undo: Cleo is declined' }).click();
  await closeNotice(page, 'Dee is declined');
  await page.getByRole('link', { name: 'Requests 1 waiting for your answer' }).waitFor();

  // She leaves before the time is over: it is done.
  await goTo(page, 'Friends');
  await chooseFromMenu(page, 'Bob', 'Remove');
  await page.getByRole('heading', { name: 'No friends yet' }).waitFor();
  await friendNamed(his.page, 'Ann').waitFor();
  await page.goto('about:blank');
  await his.page.getByRole('heading', { name: 'No friends yet' }).waitFor();
  await second.getByRole('heading', { name: 'No friends yet' }).waitFor();
  expect(await readOutbox(second)).toBe('[]');
  expect([...hers.complaints, ...his.complaints]).toEqual([]);
});

test('what a page that died has left is sent by the next one, if it still means the same', async () => {
  const [dan, eva] = (await newPeople('Dan', 'Eva')) as [Person, Person];
  await makeFriends(dan, eva);
  const [his, hers] = await Promise.all([atTheirBrowser(dan), atTheirBrowser(eva)]);
  const { page } = his;
  await chooseFromMenu(page, 'Eva', 'Remove');
  await pointAt(page, 'Eva is removed');
  const deeds = await readOutbox(page);
  await page.getByRole('button', { name: 'Undo: Eva is removed' }).click();
  await friendNamed(page, 'Eva').waitFor();

  // Another friendship with the same person is not meant; nor is what no page of ours has written.
  await leaveInOutbox(page, deeds, { since: '2020-01-01T00:00:00.000Z' });
  await friendNamed(page, 'Eva').waitFor();
  await expect.poll(() => readOutbox(page)).toBe('[]');
  await leaveInOutbox(page, deeds, { kind: 'forget' });
  await friendNamed(page, 'Eva').waitFor();
  await friendNamed(hers.page, 'Dan').waitFor();

  await leaveInOutbox(page, deeds, {});
  await page.getByRole('heading', { name: 'No friends yet' }).waitFor();
  await hers.page.getByRole('heading', { name: 'No friends yet' }).waitFor();
  await expect.poll(() => readOutbox(page)).toBe('[]');

  // It is sent before its owner signs out, too.
  await makeFriends(dan, eva);
  await chooseFromMenu(page, 'Eva', 'Block');
  await goTo(page, 'You');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('form', { name: 'Sign in' }).waitFor();
  await hers.page.getByRole('heading', { name: 'No friends yet' }).waitFor();
  expect([...his.complaints, ...hers.complaints]).toEqual([]);
});

test('offline, every screen says so and shows what it knows; what is done waits for the connection', async () => {
  const [fay, gil] = (await newPeople('Fay', 'Gil')) as [Person, Person];
  await makeFriends(fay, gil);
  const [hers, his] = await Promise.all([atTheirBrowser(fay), atTheirBrowser(gil)]);
  const { page } = hers;
  // Each has been opened once, so that its code is there; nothing was asked of it yet.
  await goTo(page, 'People');
  await page.getByRole('heading', { name: 'Nobody to suggest yet' }).waitFor();
  await goTo(page, 'Friends');
  await page.getByRole('button', { name: 'More about Gil' }).waitFor();
  await whenTheRestIsLoaded(page);

  await hers.withoutNetwork(async () => {
    await hers.context.setOffline(true);
    const notice = page.getByText('You are offline.', { exact: true });
    await notice.waitFor();
    for (const screen of ['Blocked', 'You', 'People', 'Requests', 'Friends'] as const) {
      await goTo(page, screen);
      await notice.waitFor();
      expect({ screen, spinners: await page.locator('main .rt-Spinner, main .rt-Skeleton').count() }).toEqual({
        screen,
        spinners: 0,
      });
      if (screen === 'Blocked') await page.getByText(/Whom you have blocked will be shown here/).waitFor();
      if (screen === 'You') await page.getByRole('region', { name: 'Fay' }).getByText(`@${fay.username}`).waitFor();
      if (screen === 'People') {
        await page.getByRole('heading', { name: 'Nobody to suggest yet' }).waitFor();
        await page.getByRole('searchbox').fill('gi');
        await page.getByRole('list', { name: 'Friends of yours with such a name' }).getByText('Gil').waitFor();
      }
    }
    // A friend's profile is known from the list.
    await chooseFromMenu(page, 'Gil', 'Show profile');
    await page.getByRole('region', { name: 'Only for you' }).waitFor();
    await page.getByRole('button', { name: 'Remove' }).click();
    await noticeOf(page, 'Gil is removed').getByRole('button', { name: 'Close' }).click();
    await noticeOf(page, 'Gil is removed when the connection is back').waitFor();
    await friendNamed(his.page, 'Fay').waitFor();
    await hers.context.setOffline(false);
    await his.page.getByRole('heading', { name: 'No friends yet' }).waitFor();
    await goTo(page, 'Friends');
    await page.getByRole('heading', { name: 'No friends yet' }).waitFor();
    await notice.waitFor({ state: 'detached' });
  });
  expect([...hers.complaints, ...his.complaints]).toEqual([]);
});

/** It comes in a quiet moment: until then no screen but the open one is there without a network. */
async function whenTheRestIsLoaded(page: Page): Promise<void> {
  const scripts = () =>
    page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .map(({ name }) => name)
        .join(),
    );
  for (const part of ['blocked-screen', 'you-screen', 'people-screen', 'requests-screen', 'person-screen', 'hold-back'])
    await expect.poll(scripts, { timeout: 15_000 }).toContain(part);
}

test('a friend’s page holds name, tags and pin, and one’s own has a link and a code for others', async () => {
  const [hal, ida] = (await newPeople('Hal', 'Ida')) as [Person, Person];
  await makeFriends(hal, ida);
  const his = await atTheirBrowser(hal);
  const { page } = his;
  await expect(page.getByText(/since/).count()).resolves.toBe(0);
  await page.getByRole('radio', { name: 'Newest' }).click();
  await page.getByText(/^friends since \d/).waitFor();

  await chooseFromMenu(page, 'Ida', 'Show profile');
  const notes = page.getByRole('region', { name: 'Only for you' });
  await notes.getByText(/^Friends since/).waitFor();
  await notes.getByRole('button', { name: 'Give them a name' }).click();
  const herName = page.getByRole('textbox', { name: 'Your name for Ida' });
  await herName.fill('i'.repeat(65));
  await herName.press('Enter');
  await page.getByText('Use at most 64 characters. This has 65.').waitFor();
  await herName.fill('Idy');
  await herName.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Idy' }).waitFor();
  await notes.getByRole('button', { name: 'Add tags' }).click();
  const newTag = page.getByRole('textbox', { name: 'New tag' });
  await newTag.fill('j'.repeat(33));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Use at most 32 characters. This has 33.').waitFor();
  await newTag.fill('judo');
  await newTag.press('Enter');
  await newTag.fill('judo');
  await newTag.press('Enter');
  await page.getByText('This tag is there already.').waitFor();
  await newTag.fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await notes.getByText('judo').waitFor();
  await notes.getByRole('switch', { name: 'Pin Idy' }).click();
  // A friend's page belongs to the friends.
  expect(await screenLink(page, 'Friends').getAttribute('aria-current')).toBe('true');
  expect(await screenLink(page, 'People').getAttribute('aria-current')).toBe(null);
  await goTo(page, 'Friends');
  await friendNamed(page, 'Idy').getByText('judo').waitFor();
  await page.getByRole('button', { name: 'Pin Idy', pressed: true }).waitFor();

  // The keyboard finds friends and screens.
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  await page.keyboard.type('idy');
  await page.getByRole('option', { name: 'Idy' }).waitFor();
  await page.keyboard.press('Enter');
  await notes.waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').waitFor();
  await page.keyboard.type('go you');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'You' }).waitFor();

  const link = await page.getByRole('textbox', { name: 'Your invite link' }).inputValue();
  expect(link).toBe(`${system.gatewayUrls[0]}/people/${hal.id}`);
  await his.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy' }).click();
  await noticeOf(page, 'Link copied').waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(link);
  await page.getByRole('button', { name: 'Show the QR code' }).click();
  await page.getByRole('img', { name: 'QR code of your invite link' }).waitFor();

  // Somebody who is not signed in follows it, and is where it leads when they are.
  const [jo] = (await newPeople('Jo')) as [Person];
  const theirs = await atTheirBrowser(jo, new URL(link).pathname);
  await theirs.page.getByRole('heading', { level: 1, name: 'Hal' }).waitFor();
  await theirs.page.getByRole('button', { name: 'Add Hal' }).waitFor();
  expect([...his.complaints, ...theirs.complaints]).toEqual([]);
});

test('links that lead nowhere, forms that are not right and notices of one kind are said in plain words', async () => {
  const [kim] = (await newPeople('Kim')) as [Person];
  const { page, complaints } = await visitSignedOut();
  await page.getByRole('tab', { name: 'Create an account' }).click();
  const signUpForm = page.getByRole('form', { name: 'Create an account' });
  await signUpForm.getByLabel('Username').fill('k m');
  await signUpForm.getByLabel('Password').fill('short');
  await signUpForm.getByRole('button', { name: 'Create the account' }).click();
  const saidOf = (form: typeof signUpForm, label: string) =>
    form.getByLabel(label, { exact: true }).evaluate((input) => {
      const id = input.getAttribute('aria-describedby') ?? '';
      return input.getAttribute('aria-invalid') === 'true' ? document.getElementById(id)?.textContent : null;
    });
  expect(await saidOf(signUpForm, 'Name')).toBe('Enter a name.');
  expect(await saidOf(signUpForm, 'Username')).toBe('Use only letters from a to z, digits and _.');
  expect(await saidOf(signUpForm, 'Password')).toBe('Use at least 8 characters. This has 5.');
  await signUpForm.getByLabel('Name', { exact: true }).fill('Kim');
  await signUpForm.getByLabel('Username').fill(kim.username);
  await signUpForm.getByLabel('Password').fill(PASSWORD);
  await signUpForm.getByRole('button', { name: 'Create the account' }).click();
  await signUpForm.getByText('That username is taken. Choose another one.').waitFor();
  expect(await saidOf(signUpForm, 'Username')).toBe('That username is taken. Choose another one.');
  await page.getByRole('tab', { name: 'Sign in' }).click();
  await signInOnPage(page, { username: kim.username, password: PASSWORD });
  await whenLive(page);

  await goTo(page, 'You');
  const passwordForm = page.getByRole('form', { name: 'Change the password' });
  await passwordForm.getByLabel('Current password').fill('not the password');
  await passwordForm.getByLabel('New password').fill(`${PASSWORD}, too`);
  await passwordForm.getByRole('button', { name: 'Change the password' }).click();
  await passwordForm.getByText('This is not your password.').waitFor();
  expect(await saidOf(passwordForm, 'Current password')).toBe('This is not your password.');
  const profile = page.getByRole('form', { name: 'Profile' });
  await profile.getByLabel('Picture').fill('http://pictures.example/kim.png');
  await profile.getByRole('button', { name: 'Save' }).click();
  expect(await saidOf(profile, 'Picture')).toBe('Enter an address that begins with https://.');
  await profile.getByLabel('Picture').fill('');
  for (const nickname of ['Kimberly', 'Kimmy']) {
    await profile.getByLabel('Name', { exact: true }).fill(nickname);
    await profile.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('region', { name: nickname }).waitFor();
  }
  expect(await noticeOf(page, 'Saved').count()).toBe(1);

  for (const path of ['/people/not-an-id', '/people/01890000-0000-7000-8000-000000000000', '/nowhere/at/all']) {
    await page.goto(path);
    await page.getByRole('heading', { name: /^(This link does not work|This person is not here)$/ }).waitFor();
    await page.getByRole('main').getByRole('link').click();
    await page.getByRole('heading', { level: 1, name: /^(People|Friends)$/ }).waitFor();
  }
  expect(complaints).toEqual([]);
});

async function visitSignedOut(): Promise<Visitor> {
  const visitor = await visit(chromium.browser, system.gatewayUrls[0]!);
  visitors.push(visitor);
  return visitor;
}
