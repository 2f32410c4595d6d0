import type { Locator, Page } from 'playwright-core';

/** What a person does and sees, by the roles and names that a screen reader would tell. */

export async function signUpOnPage(page: Page, person: { nickname: string; username: string; password: string }) {
  await page.getByRole('tab', { name: 'Create an account' }).click();
  const form = page.getByRole('form', { name: 'Create an account' });
  await form.getByLabel('Name', { exact: true }).fill(person.nickname);
  await form.getByLabel('Username').fill(person.username);
  await form.getByLabel('Password').fill(person.password);
  await form.getByRole('button', { name: 'Create the account' }).click();
  await whenLive(page);
}

export async function signInOnPage(page: Page, person: { username: string; password: string }): Promise<void> {
  const form = page.getByRole('form', { name: 'Sign in' });
  await form.getByLabel('Username').fill(person.username);
  await form.getByLabel('Password').fill(person.password);
  await form.getByRole('button', { name: 'Sign in' }).click();
}

export async function whenLive(page: Page): Promise<void> {
  await page.getByRole('status', { name: 'Connection: Live' }).waitFor();
}

export async function whenOffline(page: Page): Promise<void> {
  await page.getByRole('status', { name: 'Connection: Offline' }).waitFor();
}

export type ScreenName = 'Friends' | 'Requests' | 'People' | 'Blocked' | 'You';

export async function goTo(page: Page, name: ScreenName): Promise<void> {
  await screenLink(page, name).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
}

export function screenLink(page: Page, name: ScreenName): Locator {
  return page.getByRole('navigation', { name: 'Screens' }).getByRole('link', { name: new RegExp(`^${name}`) });
}

/** The row of one friend, by the name that is shown. */
export function friendNamed(page: Page, name: string): Locator {
  return page
    .getByRole('list', { name: 'Your friends' })
    .getByRole('listitem')
    .filter({ has: page.getByRole('button', { name: `${name}: change the name you gave` }) });
}

export async function chooseFromMenu(page: Page, friend: string, item: string): Promise<void> {
  await page.getByRole('button', { name: `More about ${friend}`, exact: true }).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}

/** What is said at the page's edge. */
export function noticeOf(page: Page, text: string): Locator {
  return page
    .getByRole('region', { name: /Notifications/ })
    .getByRole('listitem')
    .filter({ hasText: text });
}

/** Whoever closes a notice needs no undo: what it tells of is done when the notice is gone. */
export async function closeNotice(page: Page, text: string): Promise<void> {
  await noticeOf(page, text).getByRole('button', { name: 'Close' }).click();
  await noticeOf(page, text).waitFor({ state: 'detached' });
}

export async function rename(page: Page, nickname: string): Promise<void> {
  await goTo(page, 'You');
  const form = page.getByRole('form', { name: 'Profile' });
  await form.getByLabel('Name', { exact: true }).fill(nickname);
  await form.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved', { exact: true }).last().waitFor();
}
