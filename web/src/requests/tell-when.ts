const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const dates = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'long', year: 'numeric' });

/**
 * When something was, as people say it: "5 minutes ago", "yesterday", and a date after a week. A clock that is behind
 * makes nothing lie in the future.
 *
 * @param nowMs milliseconds of the epoch
 */
export function tellWhen(instant: string, nowMs: number): string {
  const passedMs = Math.max(0, nowMs - Date.parse(instant));
  if (passedMs < MINUTE_MS) return 'just now';
  if (passedMs < HOUR_MS) return ago.format(-Math.floor(passedMs / MINUTE_MS), 'minute');
  if (passedMs < DAY_MS) return ago.format(-Math.floor(passedMs / HOUR_MS), 'hour');
  if (passedMs < 7 * DAY_MS) return ago.format(-Math.floor(passedMs / DAY_MS), 'day');
  return dates.format(new Date(instant));
}
