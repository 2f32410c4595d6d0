import { readFileSync } from 'node:fs';

/** Lua scripts over the six keys of one owner's view. Each is one file in `../lua/`, and says there what it takes. */
export const viewScripts = [
  'apply',
  'digest-view',
  'filtered-page',
  'find-friend',
  'forget',
  'page',
  'raise-floor',
  'release-lease',
  'store',
  'stored-list',
  'take-lease',
  'whole-list',
] as const;

export type ViewScript = (typeof viewScripts)[number];

/** The script's source, what all of them share included. */
export function sourceOf(script: ViewScript): string {
  return `${readLua('view')}\n${readLua(script)}`;
}

function readLua(name: string): string {
  return readFileSync(new URL(`../lua/${name}.lua`, import.meta.url), 'utf8');
}
