import { readFile } from 'node:fs/promises';
import { SERVICE_NAMES } from '../run/shop-services.ts';
import type { Shop } from './start-shop.ts';

/** The commands of the README's walk, as they are typed there. */
export async function readWalk(): Promise<string> {
  const page = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const walk = /## A walk through it\n[\s\S]*?```sh\n([\s\S]*?)```/.exec(page)?.[1];
  if (walk === undefined) throw new Error("The shop's README has no walk through it.");
  return walk;
}

/** Where its commands find this shop. */
export const variablesOfWalk = (shop: Shop): Record<string, string> =>
  Object.fromEntries(SERVICE_NAMES.map((name) => [name.toUpperCase(), shop[name].url]));
