/** Proofs print their own lines when they hold; this prints what fails, and the sum. */
module.exports = class {
  onTestResult(_test, { failureMessage }) {
    if (failureMessage) process.stdout.write(`${failureMessage}\n`);
  }

  onTestCaseResult(_test, { status, fullName }) {
    if (status === 'failed') process.stdout.write(`FAILED: ${fullName}\n`);
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, startTime }) {
    const seconds = Math.round((Date.now() - startTime) / 1000);
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    process.stdout.write(
      `${numPassedTests} of ${numPassedTests + numFailedTests} proofs hold${skipped}, ${seconds} s\n`,
    );
    // A file that cannot even be loaded has no failed test.
    this.failed = numFailedTests + numFailedTestSuites > 0;
  }

  getLastError() {
    return this.failed ? new Error('not every proof holds') : undefined;
  }
};
