/** Clock skew between two hosts, plus the tolerance of verifiers. */
export const CLOCKS_DIFFER_MS = 15_000;

/** When the last token that was issued before `endedAt` has expired for every verifier, in ms since 1970. */
export function tokensLiveUntil(endedAt: Date, tokenTtlS: number): number {
  return endedAt.getTime() + tokenTtlS * 1000 + CLOCKS_DIFFER_MS;
}
