// Longer than other files: one browser and one system, which take long to start, and what is measured in them.

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildWebClientWhenStale } from '@kith/local';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askUntilAnswered, dataOf } from '../src/people/ask-gateway.ts';
import { addFriend, UPDATE_FRIEND, updateProfile } from '../src/people/friend-operations.ts';
import { PASSWORD, type Person, signIn, signUp } from '../src/people/person.ts';
import { runKith, WORKSPACE } from '../src/system/run-kith.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';
import { chooseFromMenu, goTo, signInOnPage, whenLive } from '../src/web/act-as-a-person.ts';
import { findViolations } from '../src/web/find-violations.ts';
import { measureFrames } from '../src/web/measure-frames.ts';
import { openBrowser, type Visitor, visit } from '../src/web/open-browser.ts';

let system: SystemForTest;
let chromium: Awaited<ReturnType<typeof openBrowser>>;
let folder: string;

/** Member 0 of the imported list has this many friends, the most there can be. */
const FRIENDS = 5_000;
/** Of them on a screen of 800 pixels, with those that are kept ready above and below, and the navigation. */
const ROWS_AT_MOST = 100;
const DEMONSTRATION = { password: PASSWORD, people: [1, 2, 3].map((n) => ({ username: `n${n}`, nickname: `n${n}` })) };

beforeAll(async () => {
  await buildWebClientWhenStale(() => undefined);
  folder = await mkdtemp(join(tmpdir(), 'kith-web-'));
  const demonstrationFile = join(folder, 'demonstration.json');
  await writeFile(demonstrationFile, JSON.stringify(DEMONSTRATION));
  [system, chromium] = await Promise.all([
    startSystemForTest({ gateways: 1, env: { DEMONSTRATION_FILE: demonstrationFile } }),
    openBrowser(),
  ]);
  const file = join(folder, 'star.txt');
  await writeFile(file, Array.from({ length: FRIENDS }, (_, index) => `0 ${index + 1}\n`).join(''));
  const { code, stderr } = await runKith(system, ['import', file, '--password', PASSWORD]).ended;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}, 300_000);
afterAll(async () => {
  await chromium?.stop();
  await system?.stop();
  await rm(folder, { recursive: true, force: true });
});

const open = (options: Parameters<typeof visit>[2] = {}): Promise<Visitor> =>
  visit(chromium.browser, system.gatewayUrls[0]!, options);

describe('a list of 5,000 friends', () => {
  test('is scrolled, searched and changed 500 times with no more rows in the page than fit on the screen', async () => {
    const visitor = await open({ viewport: { width: 1280, height: 800 } });
    const { page } = visitor;
    await signInOnPage(page, { username: 'n0', password: PASSWORD });
    await whenLive(page);
    await page.getByText('5,000 friends', { exact: true }).waitFor();

    const scrolled = await measureFrames(chromium.browser, page, async () => {
      await page.getByRole('list', { name: 'Your friends' }).hover();
      for (let turn = 0; turn < 60; turn += 1) await page.mouse.wheel(0, turn < 40 ? 900 : -1_400);
    });
    const searched = await measureFrames(chromium.browser, page, async () => {
      const search = page.getByRole('searchbox', { name: 'Search your friends' });
      await search.pressSequentially('n42', { delay: 60 });
      await page.getByText('111 of 5,000 friends').waitFor();
      for (let letters = 0; letters < 3; letters += 1) await search.press('Backspace', { delay: 60 });
      await page.getByText('5,000 friends', { exact: true }).waitFor();
    });
    const me = await signIn(system.gatewayUrls[0]!, 'n0');
    const ids = await idsOfFriends(me);
    const burst = await measureFrames(chromium.browser, page, async () => {
      await Promise.all(
        [0, 1, 2, 3, 4].map((worker) => changeRemarks(me, ids.slice(worker * 20, worker * 20 + 20), worker)),
      );
      // Changes come in order: who sees this one has seen them all.
      await updateRemark(me, ids[0], '0 is the last');
      await page.getByRole('button', { name: '0 is the last: change the name you gave' }).waitFor();
    });
    await jumpByLetters(page);
    process.stdout.write(`frames of a page of 5,000 friends: ${JSON.stringify({ scrolled, searched, burst })}\n`);
    // What a frame costs grows with the rows in the page: never with those of the list.
    for (const { mostListItems } of [scrolled, searched, burst]) {
      expect(mostListItems).toBeGreaterThan(5);
      expect(mostListItems).toBeLessThan(ROWS_AT_MOST);
    }
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });
});

/** After the burst some names begin with 0 and A, and thousands with N. */
async function jumpByLetters(page: Page): Promise<void> {
  const letters = page.getByRole('navigation', { name: 'Jump to a letter' });
  expect(await letters.getByRole('button').allTextContents()).toEqual(['#', 'A', 'N']);
  await letters.getByRole('button', { name: 'N', exact: true }).click();
  await page.getByRole('listitem').and(page.locator('[aria-posinset="102"]')).waitFor();
  expect(await page.locator('[aria-posinset="1"]').count()).toBe(0);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page
    .getByRole('button', { name: /^A 0 \d+: change/ })
    .first()
    .waitFor();
  await page.getByRole('searchbox', { name: 'Search your friends' }).fill('0 is the last');
  await letters.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Clear the search' }).click();
}

async function idsOfFriends(me: Person): Promise<string[]> {
  const query = '{ me { friends(first: 100) { edges { node { user { id } } } } } }';
  const { friends } = (await dataOf(me.gatewayUrl, { query, token: me.token })).me;
  return friends.edges.map(({ node }: { node: { user: { id: string } } }) => node.user.id);
}

/** A hundred changes, one after the other, of a few friends, who come to the top of the list by them. */
async function changeRemarks(me: Person, userIds: readonly string[], worker: number): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    await updateRemark(me, userIds[round % userIds.length], `A ${worker} ${round}`);
  }
}

function updateRemark(me: Person, userId: string | undefined, remark: string): Promise<unknown> {
  const variables = { input: { userId, remark } };
  return askUntilAnswered([me.gatewayUrl], { query: UPDATE_FRIEND, variables, token: me.token });
}

test('a full list is said when one more friend would not fit', async () => {
  const gatewayUrl = system.gatewayUrls[0]!;
  const generous = await signUp(gatewayUrl, 'openhearted', 'Open-Hearted');
  await updateProfile(generous, { friendPolicy: 'OPEN' });
  const visitor = await open();
  await signInOnPage(visitor.page, { username: 'n0', password: PASSWORD });
  await goTo(visitor.page, 'People');
  await visitor.page.getByRole('searchbox').fill('openhearted');
  await visitor.page.getByRole('button', { name: 'Add Open-Hearted' }).click();
  await visitor.page.getByRole('button', { name: 'Send request' }).click();
  await visitor.page.getByText('A friend list is full', { exact: true }).waitFor();
  await visitor.page
    .getByText(/A list holds 5,000 friends/)
    .first()
    .waitFor();
  expect(visitor.complaints).toEqual([]);
  await visitor.context.close();
});

test('the first page opens the demonstration in two windows, signed in as two people', async () => {
  const visitor = await open();
  const invitation = visitor.page.getByRole('region', { name: 'See it in two windows' });
  await invitation.getByLabel('In a second window').selectOption({ label: 'n3' });
  const [second] = await Promise.all([
    visitor.context.waitForEvent('page'),
    invitation.getByRole('button', { name: 'Open both' }).click(),
  ]);
  await Promise.all([whenLive(visitor.page), whenLive(second)]);
  await second.getByText('You are n3.').waitFor();
  await visitor.page.getByText('You are n1.').waitFor();
  // One browser, two people: a reload of either leaves it with its own.
  await Promise.all([visitor.page.reload(), second.reload()]);
  await second.getByText('You are n3.').waitFor();
  await visitor.page.getByText('You are n1.').waitFor();
  await goTo(second, 'You');
  await second.getByRole('button', { name: 'Sign out' }).click();
  await second.getByRole('form', { name: 'Sign in' }).waitFor();
  await visitor.page.getByRole('status', { name: 'Connection: Live' }).waitFor();
  expect(visitor.complaints).toEqual([]);
  await visitor.context.close();
});

describe('the first load', () => {
  const LIMIT_BYTES = 150 * 1024;

  test('is at most 150 KB of JavaScript, gzipped, for who signs in and for who is signed in', async () => {
    const visitor = await open();
    const loaded = watchScripts(visitor.page);
    await visitor.page.reload({ waitUntil: 'networkidle' });
    const signedOut = await gzippedBytes(loaded.splice(0));
    await signInOnPage(visitor.page, { username: 'n1', password: PASSWORD });
    await whenLive(visitor.page);
    loaded.splice(0);
    await visitor.page.reload({ waitUntil: 'networkidle' });
    await whenLive(visitor.page);
    const signedIn = await gzippedBytes(loaded);
    process.stdout.write(`web client, first load: ${kb(signedOut)} signed out, ${kb(signedIn)} signed in, gzipped\n`);
    for (const bytes of [signedOut, signedIn]) {
      expect(bytes).toBeGreaterThan(50 * 1024);
      expect(bytes).toBeLessThanOrEqual(LIMIT_BYTES);
    }
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });

  test('comes with a policy that lets nothing else run, and hashed files are kept for good', async () => {
    const gatewayUrl = system.gatewayUrls[0]!;
    for (const path of ['/', '/people/somebody', '/graphql']) {
      const page = await fetch(gatewayUrl + path, { headers: { accept: 'text/html' } });
      expect(page.status).toBe(200);
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(/script-src ([^;]*)/.exec(policy)?.[1]).not.toMatch(/unsafe|https?:|\*/);
      expect(page.headers.get('cache-control')).toBe('no-cache');
      expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    }
    const html = await (await fetch(gatewayUrl)).text();
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(html)?.[1];
    const answer = await fetch(`${gatewayUrl}${script}`, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(answer.headers.get('content-encoding')).toBe('gzip');
    expect((await fetch(`${gatewayUrl}/assets/gone-12345678.js`, { headers: { accept: '*/*' } })).status).toBe(404);
    expect((await fetch(`${gatewayUrl}/..%2f..%2fpackage.json`)).status).toBe(404);
  });

  test('GraphiQL runs under its policy', async () => {
    const visitor = await open({ path: `/graphql?query=${encodeURIComponent('query Shown { me { id } }')}` });
    await visitor.page.getByText('Shown').first().waitFor();
    await visitor.page.getByRole('button', { name: /Execute query/ }).click();
    await visitor.page.getByText('"me": null').first().waitFor();
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });

  function watchScripts(page: Page): string[] {
    const paths: string[] = [];
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (pathname.endsWith('.js')) paths.push(pathname);
    });
    return paths;
  }

  async function gzippedBytes(paths: readonly string[]): Promise<number> {
    const sizes = [...new Set(paths)].map(async (path) => (await stat(join(WORKSPACE, 'web/dist', `${path}.gz`))).size);
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }
});

const kb = (bytes: number) => `${(bytes / 1024).toFixed(1)} KB`;

describe('axe-core finds nothing serious', () => {
  test.each([
    { width: 1280, height: 800 },
    { width: 390, height: 844 },
  ])('on any screen, light and dark ($width px)', async (viewport) => {
    const gatewayUrl = system.gatewayUrls[0]!;
    const username = `axe_${viewport.width}`;
    const [me, asking, liked] = await Promise.all([
      signUp(gatewayUrl, username, 'Axel'),
      signUp(gatewayUrl, `${username}_a`, 'Asking'),
      signIn(gatewayUrl, 'n2'),
    ]);
    await addFriend(asking, me.id, { message: 'We met at the club.' });
    await addFriend(me, liked.id);
    const visitor = await open({ viewport });
    const { page } = visitor;
    const found: Record<string, readonly string[]> = {};
    const look = async (screen: string) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.locator(`html[data-appearance="${colorScheme}"]`).waitFor({ state: 'attached' });
        const violations = await findViolations(page);
        if (violations.length > 0) found[`${screen}, ${colorScheme}`] = violations;
      }
    };

    await page.getByRole('heading', { name: 'See it in two windows' }).waitFor();
    await look('sign in');
    await signInOnPage(page, { username, password: 'not the password' });
    await page.getByRole('alert').waitFor();
    await look('wrong password');
    await page.getByRole('tab', { name: 'Create an account' }).click();
    await look('sign up');
    await page.getByRole('tab', { name: 'Sign in' }).click();
    await signInOnPage(page, { username, password: PASSWORD });
    await whenLive(page);
    await look('no friends');
    await goTo(page, 'Requests');
    await page.getByRole('button', { name: 'Accept Asking' }).waitFor();
    await look('requests');
    await page.getByRole('button', { name: 'Accept Asking' }).click();
    await page.getByRole('heading', { name: 'No requests for you' }).waitFor();
    await look('no requests');
    await page.getByRole('tab', { name: 'Sent' }).click();
    await page.getByRole('list', { name: 'Requests you sent' }).waitFor();
    await look('sent requests');
    await goTo(page, 'Friends');
    await page.getByRole('button', { name: 'Pin Asking' }).click();
    await chooseFromMenu(page, 'Asking', 'Edit tags');
    await page.getByRole('textbox', { name: 'New tag' }).fill('judo');
    await page.keyboard.press('Enter');
    await look('tags');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'judo 1' }).click();
    await look('friends');
    await page.getByRole('button', { name: 'Asking: change the name you gave' }).click();
    await look('a name in place');
    await page.keyboard.press('Escape');
    await chooseFromMenu(page, 'Asking', 'Remove');
    await page.getByText('Asking is removed').first().waitFor();
    await look('undo');
    await page.getByRole('button', { name: 'Undo: Asking is removed' }).click();
    await chooseFromMenu(page, 'Asking', 'Show profile');
    await page.getByRole('region', { name: 'Only for you' }).waitFor();
    await look('friend');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('a');
    await page.getByRole('option', { name: 'Asking' }).waitFor();
    await look('palette');
    await page.keyboard.press('Escape');
    await goTo(page, 'People');
    await page.getByRole('heading', { name: /Nobody to suggest|People you may know/ }).waitFor();
    await look('suggestions');
    await page.getByRole('searchbox').fill('n1');
    await page.getByRole('list', { name: 'People found' }).waitFor();
    await look('people');
    await page.getByRole('link', { name: 'n1', exact: true }).click();
    await page.getByRole('region', { name: 'Profile' }).waitFor();
    await look('person');
    await goTo(page, 'Blocked');
    await page.getByRole('heading', { name: 'Nobody is blocked' }).waitFor();
    await look('blocked');
    await goTo(page, 'You');
    await page.getByRole('form', { name: 'Profile' }).waitFor();
    await page.getByRole('button', { name: 'Show the QR code' }).click();
    await page.getByRole('img', { name: 'QR code of your invite link' }).waitFor();
    await look('you');
    await page.getByRole('button', { name: 'Under the hood' }).click();
    await page
      .getByRole('complementary')
      .getByRole('button', { name: /operation OwnProfile/ })
      .first()
      .click();
    await look('under the hood');

    expect(found).toEqual({});
    expect(visitor.complaints).toEqual([]);
    await visitor.context.close();
  });
});
