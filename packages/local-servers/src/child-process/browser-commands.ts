/** What Chromium and its kin are called on a PATH, the best tried first. */
export const BROWSER_COMMANDS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'] as const;
