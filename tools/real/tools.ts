import { install, setsNamed } from './install';

/** `npm run tools [-- NAME…]` */
async function tools(names: readonly string[]): Promise<number> {
  const problems = await install(setsNamed(names));
  problems.forEach((problem) => console.error(problem));
  return problems.length > 0 ? 1 : 0;
}

tools(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 2;
  },
);
