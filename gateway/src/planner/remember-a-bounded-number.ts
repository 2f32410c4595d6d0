import { forgetFirstBeyond } from '@kith/service-kit';

const MOST_REMEMBERED = 10_000;

/** A bounded cache: as many as are remembered at most; what was remembered first goes first. */
export function remember<Value>(memory: Map<string, Value>, key: string, value: Value): void {
  memory.delete(key);
  memory.set(key, value);
  forgetFirstBeyond(MOST_REMEMBERED, memory);
}
