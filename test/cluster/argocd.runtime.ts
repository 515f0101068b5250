/** @tools cluster kwok crds injector argo-rollouts redis kustomize argocd */
import { eventually } from '../runtime/support/process';
import { proof } from '../runtime/support/proof';
import { environments } from '../support/dist';
import { isWell, said, Site } from './argocd-site';

const ALL = environments();
const systems = [...new Set(ALL.map((environment) => environment.split('/')[0]!))];

let site: Site;
let commit: string;

beforeAll(async () => {
  // All at once: that stages come one after the other is proved with fewer.
  site = await Site.start(systems, ALL, { stages: [] });
  commit = site.synth('first');
  site.install();
}, 300_000);

afterAll(() => site?.cluster.stop());

const nameOf = (environment: string) => environment.replace('/', '-');

proof(
  'every environment becomes Synced and Healthy',
  async () => {
    const began = Date.now();
    const late = () => ALL.filter((environment) => !isWell(site.argo.application(nameOf(environment)), commit));
    await eventually(() => late().length === 0, 880).catch(() => {
      throw new Error(
        late()
          .map((environment) => `${environment} ${said(site.argo.application(nameOf(environment)))}`)
          .join('\n'),
      );
    });
    return `${ALL.length} environments in ${Math.round((Date.now() - began) / 1000)} s`;
  },
  900,
);
