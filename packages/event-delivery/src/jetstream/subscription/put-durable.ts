import { type ConsumerConfig, type ConsumerInfo, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream';

const CONSUMER_NOT_FOUND = 10014;

/**
 * Upsert of a durable: creates it, or brings what may change up to date. Servers from 2.10 on refuse a create whose
 * settings differ from what is there; nothing is written when they do not. Where it begins is said once, when it is made.
 * Resolves to whether it is there.
 */
export async function putDurable(
  jsm: Pick<JetStreamManager, 'consumers'>,
  stream: string,
  wanted: Partial<ConsumerConfig> & { durable_name: string },
  {
    refuse,
    mayMake = async () => true,
    describe = () => wanted.description,
  }: {
    /** Throws when what is there is not to be touched. */
    readonly refuse?: (existing: ConsumerInfo) => void;
    /** Asked when it is not there. */
    readonly mayMake?: () => Promise<boolean>;
    /** The description of one that is there. */
    readonly describe?: (existing: ConsumerInfo) => string | null | undefined;
  } = {},
): Promise<boolean> {
  const { durable_name: durable, ack_policy: _c, ...others } = wanted;
  const { deliver_policy: _a, opt_start_time: _b, opt_start_seq: _d, ...changeable } = others;
  const existing = await jsm.consumers.info(stream, durable).catch(nullWhenMissing);
  if (existing) refuse?.(existing);
  if (!existing) {
    if (!(await mayMake())) return false;
    try {
      await jsm.consumers.add(stream, wanted);
      return true;
    } catch (error) {
      // Another instance, of other settings, was first.
      const other = await jsm.consumers.info(stream, durable).catch(nullWhenMissing);
      if (!other) throw error;
      refuse?.(other);
    }
  }
  const description = existing && describe(existing);
  if (typeof description === 'string') changeable.description = description;
  const config = existing?.config as unknown as Record<string, unknown> | undefined;
  const differs = Object.entries(changeable).some(([name, value]) => config?.[name] !== value);
  if (differs) await jsm.consumers.update(stream, durable, changeable);
  return true;
}

function nullWhenMissing(error: unknown): null {
  if (error instanceof JetStreamApiError && error.code === CONSUMER_NOT_FOUND) return null;
  throw error;
}
