let turn = 0;

/**
 * Failover: asks one replica after another, each for its share of the time, until one answers with anything but 503;
 * the first replica rotates (round-robin). Only for idempotent requests: a replica that gave no answer may have
 * executed it.
 *
 * @param baseUrls of all replicas, without a path
 * @param withinMs for all of them together
 * @throws the error of the last one
 */
export async function fetchFromReplicas(
  baseUrls: readonly string[],
  path: string,
  { withinMs, ...init }: Omit<RequestInit, 'signal'> & { withinMs: number },
): Promise<Response> {
  const first = turn++;
  for (let tried = 0; ; tried += 1) {
    const isLast = tried >= baseUrls.length - 1;
    const url = `${baseUrls[(first + tried) % baseUrls.length]}${path}`;
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(withinMs / baseUrls.length) });
      if (isLast || response.status !== 503) return response;
      await response.body?.cancel();
    } catch (error) {
      if (isLast) throw error;
    }
  }
}
