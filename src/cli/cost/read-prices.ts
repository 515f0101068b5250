import { checkSettings, placed } from '../../settings/check';
import { SettingsError } from '../../settings/problems';
import { readSettingsFile } from '../../settings/read';
import { prices as validate } from '../../settings/validators/prices';
import type { Prices } from './prices';

/** Where the texts of the schema are, to explain what is wrong. */
const SCHEMA = 'overlays/schemas/prices.json';

/** Reads and checks a file of prices. Throws a {@link SettingsError} with everything that is wrong. */
export function readPrices(path: string): Prices {
  const file = readSettingsFile(path, path);
  if (file.problems.length > 0) throw new SettingsError(file.problems);
  const problems = checkSettings(file.data, validate, SCHEMA).map((finding) =>
    placed(finding, finding.atKey ? file.keyPlace(finding.path) : file.valuePlace(finding.path)),
  );
  if (problems.length > 0) throw new SettingsError(problems);
  return file.data as unknown as Prices;
}
