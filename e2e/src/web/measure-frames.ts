import type { Browser, Page } from 'playwright-core';

export interface Frames {
  /** Longest time between two frames, in milliseconds of the wall clock: other processes count. */
  readonly longestFrameMs: number;
  readonly framesOver50Ms: number;
  readonly frames: number;
  /** Most work of the page's main thread for one frame, in milliseconds of processor time: other processes do not count. */
  readonly mostCpuMsInAFrame: number;
  /** Most list items that were in the page at the time of any frame. */
  readonly mostListItems: number;
}

/** Three frames of a 60 Hz screen are 50.00 or 50.01 ms. */
const CLOCK_ERROR_MS = 0.5;

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds since the trace began. */
  readonly ts: number;
  /** Microseconds of processor time. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Counts frames and measures tasks of a page while `work` goes on. */
export async function measureFrames(browser: Browser, page: Page, work: () => Promise<unknown>): Promise<Frames> {
  await browser.startTracing(page, {
    categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'],
  });
  await page.evaluate(() => {
    const seen: number[] = [];
    const seenItems: number[] = [];
    let last = performance.now();
    const frame = (now: number) => {
      seen.push(now - last);
      seenItems.push(document.getElementsByTagName('li').length);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    Object.assign(globalThis, { framesSeen: seen, itemsSeen: seenItems });
  });
  await work();
  const { seen, items } = await page.evaluate(() => {
    const { framesSeen, itemsSeen } = globalThis as unknown as { framesSeen: number[]; itemsSeen: number[] };
    return { seen: framesSeen, items: itemsSeen };
  });
  const trace = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
  return {
    longestFrameMs: round(Math.max(...seen)),
    framesOver50Ms: seen.filter((ms) => ms > 50 + CLOCK_ERROR_MS).length,
    frames: seen.length,
    mostCpuMsInAFrame: round(Math.max(...cpuMsOfFrames(trace.traceEvents))),
    mostListItems: Math.max(...items),
  };
}

/** What the main thread worked from one animation frame to the next. */
function cpuMsOfFrames(events: readonly TraceEvent[]): readonly number[] {
  const threads = new Set(
    events
      .filter(({ ph, name, args }) => ph === 'M' && name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}/${tid}`),
  );
  const ofPages = events.filter(({ pid, tid }) => threads.has(`${pid}/${tid}`)).sort((a, b) => a.ts - b.ts);
  const frames = [0];
  for (const { ph, name, tdur = 0 } of ofPages) {
    if (name === 'FireAnimationFrame') frames.push(0);
    if (ph === 'X' && name === 'RunTask') frames[frames.length - 1]! += tdur / 1000;
  }
  return frames;
}

const round = (ms: number) => Math.round(ms * 10) / 10;
