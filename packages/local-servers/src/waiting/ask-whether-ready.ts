export type Readiness = {
  ready: boolean;
  /** What it uses and has not, whether it can work without or not. */
  missing: string[];
};

/** What a process of Kith says of itself on `/ready`; rejects when it does not answer. */
export async function askWhetherReady(url: string, { withinMs = 5_000 } = {}): Promise<Readiness> {
  const response = await fetch(`${url}/ready`, { signal: AbortSignal.timeout(withinMs) });
  return (await response.json()) as Readiness;
}

/** Whether it is ready and misses nothing that it uses, as after an undisturbed start; throws what it misses. */
export async function missesNothing(url: string): Promise<boolean> {
  const { ready, missing } = await askWhetherReady(url, { withinMs: 2_000 });
  if (!ready || missing.length > 0) throw new Error(`${url} misses ${missing.join(', ')}`);
  return true;
}
