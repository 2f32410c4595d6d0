import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BROWSER_COMMANDS, findProgram } from '@kith/local-servers';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** One browser for a test file, which keeps to itself: no updates, no telemetry, a profile of its own. */
export async function openBrowser(): Promise<{ browser: Browser; stop(): Promise<void> }> {
  const executablePath = findProgram(BROWSER_COMMANDS);
  if (!executablePath) throw new Error('Chromium is not on the PATH: `npx -y pnpm@12 test` installs it on Debian.');
  const home = await mkdtemp(join(tmpdir(), 'kith-browser-'));
  const browser = await chromium.launch({
    executablePath,
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_CACHE_HOME: home },
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  return {
    browser,
    async stop() {
      await browser.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A person at a browser of their own. What should not happen to them is collected in `complaints`. */
export interface Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Errors on the console, errors nobody caught, and requests to anywhere but the gateway. */
  readonly complaints: readonly string[];
  /** While `work` takes the gateway or the network away, the browser may say so on its console. */
  withoutNetwork<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Another tab of the same browser. */
  openTab(path?: string): Promise<Page>;
}

/** Printed by the browser itself, whatever a page does, when there is nobody to connect to. */
const NETWORK_IS_GONE = /net::ERR_|WebSocket connection to .* failed|Failed to load resource/;

export async function visit(
  browser: Browser,
  gatewayUrl: string,
  options: BrowserContextOptions & { path?: string } = {},
): Promise<Visitor> {
  const { path = '/', ...contextOptions } = options;
  const context = await browser.newContext({ baseURL: gatewayUrl, locale: 'en-GB', ...contextOptions });
  context.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  let networkMayBeGone = false;
  const here = [gatewayUrl, gatewayUrl.replace(/^http/, 'ws'), 'data:', 'blob:'];

  async function openTab(tabPath = path): Promise<Page> {
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() !== 'error') return;
      if (networkMayBeGone && NETWORK_IS_GONE.test(message.text())) return;
      complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
    page.on('request', (request) => {
      if (!here.some((address) => request.url().startsWith(address))) complaints.push(`external: ${request.url()}`);
    });
    await page.goto(tabPath);
    return page;
  }

  return {
    context,
    page: await openTab(),
    complaints,
    openTab,
    async withoutNetwork(work) {
      networkMayBeGone = true;
      try {
        return await work();
      } finally {
        networkMayBeGone = false;
      }
    },
  };
}
