export type TestCounts = { passed: number; failed: number; skipped: number };

/** The part of vitest's JSON report that we read, which has the shape of Jest's. */
export type JsonReport = {
  testResults: {
    status: string;
    assertionResults: { status: string }[];
  }[];
};

/**
 * The counts of a run. A file that could not be loaded counts as one failure, and so does a run that failed although
 * every test passed (an unhandled error) or that left no report.
 *
 * @param exitCode vitest's
 */
export function countTests(report: JsonReport | undefined, exitCode: number): TestCounts {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report?.testResults ?? []) {
    for (const { status } of file.assertionResults) {
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') counts.failed += 1;
      else counts.skipped += 1;
    }
    const failedBeforeItsTests =
      file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed');
    if (failedBeforeItsTests) counts.failed += 1;
  }
  if (exitCode !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

export function sumOf(all: readonly TestCounts[]): TestCounts {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of all) {
    sum.passed += passed;
    sum.failed += failed;
    sum.skipped += skipped;
  }
  return sum;
}

export function countsLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
