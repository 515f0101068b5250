import type { ValidateFunction } from 'ajv';

import { checkSettings, placed } from './check';
import { SettingsError } from './problems';
import { readSettingsFile } from './read';

/** A file of settings that stands for itself, checked. Throws a {@link SettingsError} with everything that is wrong. */
export function readOneFile<T>(path: string, validate: ValidateFunction, schemaFile: string): T {
  const file = readSettingsFile(path, path);
  if (file.problems.length > 0) throw new SettingsError(file.problems);
  const problems = checkSettings(file.data, validate, schemaFile).map((finding) =>
    placed(finding, finding.atKey ? file.keyPlace(finding.path) : file.valuePlace(finding.path)),
  );
  if (problems.length > 0) throw new SettingsError(problems);
  return file.data as unknown as T;
}
