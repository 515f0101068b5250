import { App } from 'cdk8s';
import type { Construct } from 'constructs';

import { checkedObjects } from '../../src/cli/build';
import { System } from '../../src/platform/system';
import type { SystemProps } from '../../src/platform/system-settings';

/** An empty system to put constructs into. */
export function testSystem(props: Partial<SystemProps> = {}, id = 'shop-test'): System {
  return new System(new App(), id, {
    system: 'shop',
    environment: 'test',
    version: '1.0.0',
    namespace: 'shop',
    ...props,
  });
}

/** What is found in a system once it is finished. */
export class Finished {
  public constructor(public readonly objects: any[]) {}

  /** The one object of a kind with a name. */
  public one(kind: string, name: string): any {
    const found = this.objects.filter((object) => object.kind === kind && object.metadata.name === name);
    if (found.length === 1) return found[0];
    const known = this.objects.map((object) => `${object.kind}/${object.metadata.name}`).join(', ');
    throw new Error(`expected one ${kind}/${name}, found ${found.length} among ${known}`);
  }

  /** Every object of a kind. */
  public all(kind: string): any[] {
    return this.objects.filter((object) => object.kind === kind);
  }
}

/** Checks and renders a system, as synth does but for what it tells Argo CD of each object. */
export const finished = (system: System) => new Finished(checkedObjects(system).map(({ manifest }) => manifest));

/** Settings of a cloud, for what only a cloud can do. */
export const AWS = { provider: 'aws', aws: { region: 'eu-central-1' } } as const;

/** What a construct adds to an empty system. */
export function objectsOfConstruct(make: (scope: Construct) => void, props: Partial<SystemProps> = {}): any[] {
  const system = testSystem(props);
  make(system.layer('apps'));
  return finished(system).objects.filter(
    ({ metadata }) => metadata.labels['app.kubernetes.io/component'] !== 'platform' || metadata.name === 'quota',
  );
}
