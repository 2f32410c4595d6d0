import { type Load, sendAtRate } from './send-at-rate.ts';

// A process of its own: makes the load that its parent asks for, and ends.
process.once('message', async (load: Load) => {
  process.send!(
    await sendAtRate(load).then(
      (report) => ({ report }),
      (error) => ({ error: String(error) }),
    ),
  );
  process.disconnect();
});
