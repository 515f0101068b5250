import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { modelPath, modelText } from '../src/outputs/chart/model';
import { SYSTEMS } from '../src/systems';
import { Trainer } from './charts/train';

/** Tries settings of systems until it is known how their objects follow from them. It takes some minutes for each. */
const systems = process.argv.slice(2);
const began = Date.now();
const say = (text: string) => console.log(`${Math.round((Date.now() - began) / 1000)} s  ${text}`);

for (const system of systems.length > 0 ? systems : Object.keys(SYSTEMS)) {
  const model = new Trainer(system, Trainer.resolve(system, say), say).model();
  const path = modelPath('overlays', system);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, modelText(model));
  say(`${path}: ${model.templates.length} templates, ${model.fixed.length} settings are no values`);
}
