/**
 * `npm test`: installs what is missing (a Chromium too), then builds (types included), lints and tests every package, and ends with one
 * line that adds all suites up.
 */
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium } from './chromium.mjs';
import { install, nx, root } from './workspace.mjs';

await install();
process.env.ESPALIER_CHROMIUM = ensureChromium();
const reports = packageFolders().map((folder) => join(folder, 'dist', 'test-results.json'));
for (const report of reports) rmSync(report, { force: true });
const code = await nx(['build', 'lint', 'test']);
process.exit(summarize(code));

/** Folders with a package of their own. */
function packageFolders() {
  const packages = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
  return [join(root, 'proto'), join(root, 'e2e'), ...packages].filter((folder) =>
    existsSync(join(folder, 'package.json')),
  );
}

/**
 * Prints the closing line; gives the exit code. A build, a lint or a suite that broke counts as one failure at least.
 * @param {number} exitCode
 */
function summarize(exitCode) {
  let passed = 0;
  let failed = 0;
  for (const report of reports.filter((file) => existsSync(file))) {
    /** @type {{ numPassedTests: number, numFailedTests: number, numRuntimeErrorTestSuites: number }} */
    const results = JSON.parse(readFileSync(report, 'utf8'));
    passed += results.numPassedTests;
    failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
  }
  const missing = reports.filter((file) => !existsSync(file));
  for (const file of missing)
    console.error(`no test results in ${file}: its build, lint or tests did not run to the end`);
  if (exitCode !== 0) failed = Math.max(1, failed);
  console.log(`${passed} passed, ${failed} failed`);
  return exitCode === 0 && failed === 0 && missing.length === 0 && passed > 0 ? 0 : 1;
}
