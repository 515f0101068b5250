import type { ValidateFunction } from 'ajv';

export const base: ValidateFunction;
export const environment: ValidateFunction;
