import { appendFileSync } from 'node:fs';
import { figuresFile } from './run-folder';

/**
 * A test against real servers. What it returns is the figure that was measured; it stands on the proof's line.
 */
export function proof(title: string, prove: () => Promise<string>, seconds = 60): void {
  test(
    title,
    async () => {
      const figure = await prove();
      const { testPath, currentTestName } = expect.getState();
      // In one piece, since other workers append too.
      appendFileSync(figuresFile(), `${JSON.stringify({ file: testPath, name: currentTestName, figure })}\n`);
    },
    seconds * 1000,
  );
}
