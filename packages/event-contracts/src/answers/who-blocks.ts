import { z } from 'zod';

/** Of these people, who blocks the viewer? Asked before they are shown. */
export const whoBlocksSchema = z.object({ viewerId: z.guid(), userIds: z.array(z.guid()).max(1_000) });
export type WhoBlocks = z.output<typeof whoBlocksSchema>;

export const blockersSchema = z.object({ blockers: z.array(z.string()) });
export type Blockers = z.output<typeof blockersSchema>;

/** On the friend service, by POST; asked with the gateway's key. */
export const WHO_BLOCKS_PATH = '/blocks/who-blocks';
