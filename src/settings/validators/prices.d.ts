import type { ValidateFunction } from 'ajv';

export const prices: ValidateFunction;
