import type { Construct } from 'constructs';

import { parseCpu } from '../platform/quantity';
import { ValidationError } from '../platform/validation-error';
import { NGINX_TEMP, nginxConfiguration } from './nginx';
import { type ResolvedStaticSite, resolveStaticSite, type StaticSiteSettings } from './static-site-settings';
import { WebService } from './web-service';
import { resolveWebService, type ResolvedWebService } from './web-service-settings';

const CONFIGURATION = '/etc/nginx/site/nginx.conf';

/** Files that nginx serves, with compression and lifetimes: the frontend of an application that runs in the browser. */
export class StaticSite extends WebService {
  public constructor(scope: Construct, id: string, settings: StaticSiteSettings) {
    // What the entrypoint of the image does, it would do to files that are read-only.
    const command = ['nginx', '-c', CONFIGURATION, '-e', 'stderr'];
    super(scope, id, { ...settings, command: settings.command ?? command });
    const site = resolveStaticSite(settings);
    const service = resolveWebService(id, settings);
    const { startup, readiness, liveness } = service.health;
    this.checkSettings(settings, service);
    this.checkWords(site);
    this.addConfigFile(
      CONFIGURATION,
      nginxConfiguration({
        site,
        port: service.port,
        workers: Math.max(1, Math.ceil(parseCpu(service.application.resources.limits.cpu) / 1000)),
        logLevel: service.application.logLevel,
        graceSeconds: service.terminationGraceSeconds - service.drainSeconds,
        readinessPath: readiness.path,
        livenessPaths: [startup.path, liveness.path],
      }),
    );
  }

  /** What stands in the configuration as it is must be one word there. */
  private checkWords({ root, assets, compression }: ResolvedStaticSite): void {
    for (const [field, values] of Object.entries({ root: [root], assets, 'compression.types': compression.types })) {
      const wrong = values.find((value) => !/^[-A-Za-z0-9._/+]+$/.test(value));
      const expected = 'expected letters, digits and one of "/._+-"';
      if (wrong !== undefined) throw new ValidationError(this, field, `${expected}, got "${wrong}"; rename it`);
    }
    const twice = assets.find((folder, index) => assets.indexOf(folder) !== index);
    if (twice === undefined) return;
    throw new ValidationError(this, 'assets', `expected each folder once, got "${twice}" twice; remove one`);
  }

  private checkSettings(settings: StaticSiteSettings, { application, health }: ResolvedWebService): void {
    const fails = (field: string, found: string): never => {
      throw new ValidationError(this, field, found);
    };
    if (settings.command) fails('command', 'nginx is started by the construct, with its configuration; remove it');
    if (settings.metrics) fails('metrics', 'nginx has none in the form of Prometheus; remove it');
    if (settings.migrations) fails('migrations', 'a site of files has no database; remove it');
    if (!application.image.profile?.writablePaths.some(({ path }) => path === NGINX_TEMP)) {
      fails('image.writablePaths', `expected ${NGINX_TEMP} among them, where nginx puts its process id; add it`);
    }
    for (const [name, { path }] of Object.entries(health)) {
      if (/^(\/[A-Za-z0-9_-][-A-Za-z0-9._]*)+$/.test(path) && path !== '/index.html') continue;
      const expected = 'expected a path of letters, digits, dots and dashes that no page has';
      fails(`health.${name}.path`, `${expected}, got "${path}"; nginx answers it itself: name another`);
    }
  }
}
