import { isTimeZone, scheduleProblem } from '../workload/cron';
import { type ArgoCdSettings, resolveArgoCd } from './argocd-settings';

/** What of these settings is wrong in itself, or names an environment that no system has. */
export function argoCdProblems(settings: ArgoCdSettings, environments: readonly string[]): string[] {
  const { windows } = resolveArgoCd(settings);
  // The default stages are for whoever has such environments.
  const stages = (settings.stages ?? []).map((stage) => stage.environments);
  const known = [...new Set(environments)].sort();
  const unknown = (field: string, names: readonly string[]) =>
    names.flatMap((name, index) =>
      known.includes(name)
        ? []
        : [`${field}[${index}]: no system has an environment "${name}"; known are ${known.join(', ')}`],
    );
  const staged = stages.flatMap((names, stage) => names.map((name) => ({ name, stage })));
  const twice = staged.filter(({ name }, index) => staged.findIndex((other) => other.name === name) < index);
  return [
    ...stages.flatMap((names, index) => unknown(`stages[${index}].environments`, names)),
    ...twice.map(({ name, stage }) => `stages[${stage}].environments: "${name}" is in a stage already; name it once`),
    ...windows.flatMap(({ schedule, timeZone, environments: names }, index) => {
      const field = `windows[${index}]`;
      const wrong = scheduleProblem(schedule);
      return [
        ...(wrong ? [`${field}.schedule: ${wrong}`] : []),
        ...(isTimeZone(timeZone)
          ? []
          : [`${field}.timeZone: no time zone is called "${timeZone}"; name one of IANA's`]),
        ...unknown(`${field}.environments`, names),
      ];
    }),
  ];
}
