/** @tools cluster kwok crds injector argo-rollouts redis kustomize argocd */
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { environments } from '../support/dist';
import { isWell, said, Site } from './argocd-site';

const ALL = process.env['ONLY_ENV']
  ? environments().filter((e) => e.startsWith(process.env['ONLY_ENV']!))
  : environments();
const systems = [...new Set(ALL.map((environment) => environment.split('/')[0]!))];

let site: Site;
let commit: string;

beforeAll(async () => {
  site = await Site.start(systems, ALL);
  commit = site.synth('first');
  site.install();
}, 300_000);

afterAll(() => site?.cluster.stop());

const nameOf = (environment: string) => environment.replace('/', '-');

proof(
  'every environment becomes Synced and Healthy, stage after stage',
  async () => {
    const began = Date.now();
    const late = () => ALL.filter((environment) => !isWell(site.argo.application(nameOf(environment)), commit));
    await eventually(() => late().length === 0, 500).catch(() => {
      throw new Error(
        late()
          .map((e) => `${e} ${said(site.argo.application(nameOf(e)))}`)
          .join('\n'),
      );
    });
    return `${ALL.length} environments in ${Math.round((Date.now() - began) / 1000)} s`;
  },
  520,
);
