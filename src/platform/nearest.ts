import type { IConstruct } from 'constructs';

/** The child of this name of the nearest construct around `scope` that has one: what a system gives to all that is in it. */
export const nearestChild = (scope: IConstruct, id: string): IConstruct | undefined =>
  [...scope.node.scopes].reverse().flatMap((around) => around.node.tryFindChild(id) ?? [])[0];
