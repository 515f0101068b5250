import type { Construct } from 'constructs';

import type { System } from '../platform/system';
import { Bootcamp } from './bootcamp';
import { CloudPhoenix } from './cloud-phoenix';
import { Contacts } from './contacts';
import { TodoApp } from './todo-app';
import { TodoEvolution } from './todo-evolution';

/** Builds a system in one environment from its merged and checked settings. */
export type SystemClass = new (scope: Construct, environment: string, settings: any) => System;

/** Every system, by the name of its folder in `overlays/`. */
export const SYSTEMS: Readonly<Record<string, SystemClass>> = {
  bootcamp: Bootcamp,
  'cloud-phoenix': CloudPhoenix,
  contacts: Contacts,
  'todo-app': TodoApp,
  'todo-evolution': TodoEvolution,
};
