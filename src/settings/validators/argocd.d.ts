import type { ValidateFunction } from 'ajv';

export const argocd: ValidateFunction;
