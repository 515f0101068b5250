/**
 * A test against real servers. What it returns is the figure that was measured; it stands on the proof's line.
 */
export function proof(title: string, prove: () => Promise<string>, seconds = 60): void {
  test(
    title,
    async () => {
      const figure = await prove();
      process.stdout.write(`proved: ${title}: ${figure}\n`);
    },
    seconds * 1000,
  );
}
