import { Chart } from 'cdk8s';
import { Construct } from 'constructs';

import {
  FluentBitFilter,
  type FluentBitFilterFilters,
  FluentBitFluentBitConfig,
  FluentBitOutput,
  FluentBitParser,
} from '../../imports/fluent-bit';
import { Secrets } from '../platform/secrets';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import { outputsOf, TENANT } from './log-outputs';
import { type LogShippingSettings, resolveLogShipping, type ResolvedLogShipping } from './log-shipping-settings';

/** Names under which applications log what tells of a request, and the one that it gets. */
const CORRELATION = {
  correlationId: 'correlation_id',
  requestId: 'request_id',
  spanId: 'span_id',
  traceId: 'trace_id',
};

/**
 * Where the logs of a namespace go, for Fluent Bit as the Fluent Operator runs it on every node of the cluster. It reads
 * files of the nodes, which a restricted namespace may not, so that only its configuration is here; the operator gives it
 * nothing but lines of this namespace.
 */
export class LogShipping extends Construct {
  /** Labels of all of it, beside those of the system. The operator puts together what has them. */
  public readonly labels: { [label: string]: string };

  /** What the operator looks for. */
  public readonly config: FluentBitFluentBitConfig;

  /** How lines of JSON are read. */
  public readonly parser: FluentBitParser;

  /** What happens to each line. */
  public readonly filter: FluentBitFilter;

  /** One for each store. */
  public readonly outputs: FluentBitOutput[];

  public constructor(scope: Construct, id: string, settings: LogShippingSettings) {
    super(scope, id);
    const { systemName, environment } = System.containing(this);
    const { namespace } = Chart.of(this);
    const shipping = resolveLogShipping(systemName, environment, settings);
    this.checkStores(shipping);
    this.declareSecrets(shipping);
    const selected = { 'app.kubernetes.io/instance': System.containing(this).node.id, 'app.kubernetes.io/name': id };
    this.labels = { 'app.kubernetes.io/component': 'logs', 'app.kubernetes.io/name': id };

    const selector = { matchLabels: selected };
    this.config = new FluentBitFluentBitConfig(this, 'config', {
      metadata: { name: id, labels: shipping.labels },
      spec: { filterSelector: selector, outputSelector: selector, parserSelector: selector },
    });
    this.parser = new FluentBitParser(this, 'parser', { metadata: { name: `${id}-json` }, spec: { json: {} } });
    const origin = { system: systemName, environment, namespace: namespace! };
    this.filter = new FluentBitFilter(this, 'filter', {
      metadata: { name: id },
      spec: { match: shipping.tags, filters: filtersOf(shipping, `${id}-json`, origin) },
    });
    this.outputs = Object.entries(outputsOf(shipping, origin)).map(
      ([name, spec]) => new FluentBitOutput(this, name, { metadata: { name: `${id}-${name}` }, spec }),
    );
  }

  private checkStores({ loki, cloudWatch, elasticsearch, openSearch }: ResolvedLogShipping): void {
    if (!loki && !cloudWatch && !elasticsearch && !openSearch) {
      const found = 'expected at least one of loki, cloudWatch, elasticsearch and openSearch, got none';
      throw new ValidationError(this, 'logs', `${found}; describe one, or remove logs`);
    }
    for (const [name, store] of Object.entries({ loki, elasticsearch, openSearch })) {
      if (!store?.user || store.tls) continue;
      const found = 'expected tls, got a password that everybody on the way could read';
      throw new ValidationError(this, `${name}.tls`, `${found}; set tls: {}, or remove user`);
    }
    if (cloudWatch?.retentionDays === undefined || cloudWatch.createGroup) return;
    const found = `expected createGroup: true with retentionDays (${cloudWatch.retentionDays}), got false`;
    const todo = 'set it, or remove the days: a group that is there keeps its own';
    throw new ValidationError(this, 'cloudWatch.retentionDays', `${found}; ${todo}`);
  }

  private declareSecrets({ loki, elasticsearch, openSearch }: ResolvedLogShipping): void {
    for (const store of [loki, elasticsearch, openSearch]) {
      if (!store?.user) continue;
      const { secret, nameKey, passwordKey } = store.user;
      const provided = { [nameKey]: { provided: true }, [passwordKey]: { provided: true } };
      Secrets.of(this).declare({ name: secret, keys: provided });
    }
  }
}

/** In this order: what is not JSON stays as it is, and what nobody asks for goes before anything is added to it. */
function filtersOf(
  { dropPaths, pathField, loki }: ResolvedLogShipping,
  parser: string,
  { system, environment }: { readonly system: string; readonly environment: string },
): FluentBitFilterFilters[] {
  const tenant = loki?.tenant === undefined ? [] : [`${TENANT} ${loki.tenant}`];
  return [
    { parser: { keyName: 'log', parser, reserveData: true } },
    ...(dropPaths.length > 0 ? [{ grep: { exclude: `${pathField} ^(${dropPaths.join('|')})([/?]|$)` } }] : []),
    { modify: { rules: Object.entries(CORRELATION).map(([from, to]) => ({ rename: { [from]: to } })) } },
    { recordModifier: { records: [`system ${system}`, `environment ${environment}`, ...tenant] } },
  ];
}
