import { z } from 'zod';

/** Where an order goes, as events carry it. */
export const addressSchema = z.object({ province: z.string(), city: z.string(), detail: z.string() });
export type Address = Readonly<z.output<typeof addressSchema>>;
