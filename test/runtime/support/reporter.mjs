import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** What held last, of every file: a run of some files changes only what it says of these. */
const PROOFS = '.build/proofs.json';

/** How often one is told what is going on while nothing ends. */
const TICK_MS = 20_000;

const seconds = (milliseconds) => Math.round(milliseconds / 100) / 10;
const whole = (since) => Math.round((Date.now() - since) / 1000);
const say = (line) => process.stdout.write(`${line}\n`);

/** Says of each proof whether it holds, with the figure that it measured, and keeps that as JSON too. */
export default class {
  #files = new Map();
  #figures = new Map();
  #entries = new Map();
  #skipped = new Set();

  onRunStart() {
    this.ticker = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  onTestFileStart({ path }) {
    this.#files.set(path, { since: Date.now() });
  }

  onTestCaseStart({ path }, { title }) {
    Object.assign(this.#files.get(path), { title, begun: Date.now() });
  }

  onTestCaseResult({ path }, { status, fullName, ancestorTitles, title, duration, failureMessages }) {
    const file = relative('.', path);
    const named = [...ancestorTitles, title].join(': ');
    const entry = { file, title: named, figure: '', held: status === 'passed', seconds: seconds(duration ?? 0) };
    if (status === 'passed') entry.figure = this.#figureOf(path, fullName);
    if (status === 'passed' || status === 'failed') this.#add(entry);
    else this.#skipped.add(`${file} ${named}`);
    if (status === 'passed') say(`proved: ${named}: ${entry.figure} (${entry.seconds} s)`);
    if (status === 'failed') say(`FAILED: ${named} (${entry.seconds} s)\n${failureMessages.join('\n')}`);
  }

  onTestFileResult({ path }, { failureMessage, testResults, perfStats, testExecError }) {
    const file = relative('.', path);
    // A file that cannot even be loaded has no proofs, and what stands of them from earlier does not hold any more.
    if (testExecError || (failureMessage && testResults.length === 0)) {
      say(`FAILED: ${file}\n${failureMessage}`);
      this.#add({ file, title: 'the file can be run', figure: '', held: false, seconds: 0 });
    }
    Object.assign(this.#files.get(path), { took: perfStats.runtime });
  }

  onRunComplete(_contexts, { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests, startTime }) {
    clearInterval(this.ticker);
    this.#keep();
    const files = [...this.#files].filter(([, { took }]) => took !== undefined);
    for (const [path, { took }] of files.sort(([, a], [, b]) => b.took - a.took)) {
      say(`${String(Math.round(took / 1000)).padStart(5)} s  ${relative('.', path)}`);
    }
    const sum = Math.round(files.reduce((all, [, { took }]) => all + took, 0) / 1000);
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    const proofs = `${numPassedTests} of ${numPassedTests + numFailedTests} proofs hold${skipped}`;
    say(`${proofs}, ${whole(startTime)} s; one file after the other it would be ${sum} s`);
    this.failed = numFailedTests + numFailedTestSuites > 0;
  }

  getLastError() {
    return this.failed ? new Error('not every proof holds') : undefined;
  }

  #tick() {
    for (const [path, { since, took, title, begun }] of this.#files) {
      if (took !== undefined) continue;
      const doing = title ? `, ${whole(begun)} s of them: ${title}` : '';
      say(`… ${relative('.', path)}: ${whole(since)} s${doing}`);
    }
  }

  /** What `proof` has written of it; a test that is none has no figure. */
  #figureOf(path, name) {
    const written = join(process.env['WEBSTACK_RUN_FOLDER'], 'figures');
    for (const line of existsSync(written) ? readFileSync(written, 'utf8').split('\n').filter(Boolean) : []) {
      const { file, name: of, figure } = JSON.parse(line);
      this.#figures.set(`${file} ${of}`, figure);
    }
    return this.#figures.get(`${path} ${name}`) ?? '';
  }

  #add(entry) {
    const date = new Date().toISOString().slice(0, 10);
    this.#entries.set(entry.file, [...(this.#entries.get(entry.file) ?? []), { ...entry, date }]);
  }

  /** What was skipped in a file keeps what an earlier run said of it. */
  #keep() {
    const known = existsSync(PROOFS) ? JSON.parse(readFileSync(PROOFS, 'utf8')) : [];
    const stays = ({ file, title }) =>
      existsSync(file) && (!this.#entries.has(file) || this.#skipped.has(`${file} ${title}`));
    const all = [...known.filter(stays), ...[...this.#entries.values()].flat()];
    all.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
    mkdirSync(dirname(PROOFS), { recursive: true });
    writeFileSync(`${PROOFS}.new`, `${JSON.stringify(all, undefined, 2)}\n`);
    renameSync(`${PROOFS}.new`, PROOFS);
  }
}
