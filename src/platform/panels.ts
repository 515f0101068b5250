import { Construct, type IConstruct } from 'constructs';

import { System } from './system';

/** How a panel shows its figures: over time, or the last one alone. */
export type PanelKind = 'graph' | 'number';

/** What the figures of a panel count: a ratio of 1 is shown as 100 %. */
export type PanelUnit = 'bytes' | 'number' | 'per-second' | 'ratio' | 'seconds';

/** A line of a panel. */
export interface Target {
  readonly expression: string;
  readonly legend?: string;
}

/** A panel, with as many lines as it has. */
export interface Panel {
  readonly title: string;
  readonly targets: readonly Target[];
  readonly unit: PanelUnit;
  readonly kind: PanelKind;
  readonly description?: string;
}

/** Panels under a heading. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** What a dashboard is about; each kind has one of its own. */
export const SUBJECTS = ['overview', 'web services', 'postgresql', 'redis', 'kafka', 'zookeeper', 'dapr'] as const;

export type Subject = (typeof SUBJECTS)[number];

/** The dashboard of a subject, among those of an id. */
export const dashboardOf = (id: string, subject: Subject): string => `${id}-${subject.replace(' ', '-')}`;

/** A panel that shows one figure, or one figure of each thing of a kind, over time. */
export const graph = (title: string, unit: PanelUnit, ...lines: [expression: string, legend: string][]): Panel => ({
  title,
  unit,
  targets: lines.map(([expression, legend]) => ({ expression, legend })),
  kind: 'graph',
});

const ID = 'panels';

/** What there is to see of a system: each construct adds panels of what it runs, and dashboards show them. */
export class Panels extends Construct {
  /** The panels of the system around `scope`. */
  public static of(scope: IConstruct): Panels {
    const system = System.containing(scope);
    return (system.node.tryFindChild(ID) as Panels | undefined) ?? new Panels(system, ID);
  }

  private readonly sections = new Map<Subject, Section[]>();
  private readonly followers: ((subject: Subject) => void)[] = [];

  /** Adds panels. Those under one heading are put together. */
  public add(subject: Subject, title: string, panels: readonly Panel[]): void {
    const isNew = !this.sections.has(subject);
    const found = this.sections.get(subject) ?? [];
    const at = found.findIndex((section) => section.title === title);
    const section = { title, panels: [...(found[at]?.panels ?? []), ...panels] };
    const all = at < 0 ? [...found, section] : found.map((one, index) => (index === at ? section : one));
    this.sections.set(subject, all);
    if (isNew) for (const follower of this.followers) follower(subject);
  }

  /** Tells of each subject, now or as soon as there is something to see of it. */
  public follow(follower: (subject: Subject) => void): void {
    this.followers.push(follower);
    for (const subject of this.sections.keys()) follower(subject);
  }

  /** What there is to see of a subject. */
  public of(subject: Subject): readonly Section[] {
    return this.sections.get(subject) ?? [];
  }
}
