import type { Shop } from '../start/start-shop.ts';
import { ask } from './ask.ts';

/**
 * Nothing is unpublished, unhandled or dead, by what the operator is told; nor when asked again, for a service may have
 * heard of something by one that is asked after it.
 */
export async function isSettled(shop: Shop): Promise<boolean> {
  for (let round = 0; round < 3; round += 1) if (!(await isQuiet(shop))) return false;
  return true;
}

async function isQuiet(shop: Shop): Promise<boolean> {
  for (const { url } of [shop.order, shop.product, shop.inventory]) {
    const { body } = await ask('GET', `${url}/operator/events/status`);
    if (body.dead.total > 0) throw new Error(`dead: ${JSON.stringify(body.dead)}`);
    if (body.outbox.unpublished > 0) return false;
    if (body.consumers.some((each: { lag: number; unacked: number }) => each.lag + each.unacked > 0)) return false;
  }
  return true;
}
