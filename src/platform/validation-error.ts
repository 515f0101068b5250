import type { IConstruct } from 'constructs';

/**
 * A construct was given something it cannot build.
 *
 * The message reads `[path/of/the/construct] field: what is wrong, got value; what to change`.
 */
export class ValidationError extends Error {
  public constructor(scope: IConstruct, field: string, problem: string) {
    super(validationMessage(scope, field, problem));
    this.name = 'ValidationError';
  }
}

/** The text of a {@link ValidationError}, for checks that run at synth (`node.addValidation`). */
export const validationMessage = (scope: IConstruct, field: string, problem: string) =>
  `[${scope.node.path}] ${field}: ${problem}`;
