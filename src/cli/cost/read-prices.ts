import { readOneFile } from '../../settings/one-file';
import { prices as validate } from '../../settings/validators/prices';
import type { Prices } from './prices';

/** Where the texts of the schema are, to explain what is wrong. */
const SCHEMA = 'overlays/schemas/prices.json';

/** Reads and checks a file of prices. Throws a `SettingsError` with everything that is wrong. */
export const readPrices = (path: string): Prices => readOneFile(path, validate, SCHEMA);
