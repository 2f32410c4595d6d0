/** How long is waited before the next try, unless a consumer says otherwise. */
export const RETRY = { firstMs: 50, mostMs: 5_000 };
