import { Lazy } from 'cdk8s';
import type { Construct } from 'constructs';

import { KubeConfigMap } from '../../imports/k8s';
import type { Endpoint, IAuthenticator, IConnectable, WaitFor } from '../network/connectable';
import { Connections } from '../network/connections';
import type { SecretFile } from '../platform/secret-file';
import { Secrets } from '../platform/secrets';
import { Namespace } from '../platform/namespace';
import { System } from '../platform/system';
import { ValidationError } from '../platform/validation-error';
import { ConfigFiles } from './config-files';
import { checkTag, type ImageSettings, profileOf, resolveImage, type ResolvedImage } from './image';
import type { ImageProfile } from './image-profiles';
import type { IApplication, LentPod } from './lent-pod';
import { type HardenedContainer, hardened } from './pod';
import type { SecretVariableSettings } from './secret-variable';
import { checkResources, type ResolvedResources, type ResourcesSettings } from './resources';
import { Variables } from './variables';
import { renderWaitFor } from './wait-for';
import { checksumOf, Workload } from './workload';
import { versionOf } from '../platform/image-reference';

/**
 * Level from which on messages are logged.
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What all kinds of application have in common. */
export interface ApplicationSettings {
  /** The application's image. */
  readonly image: ImageSettings;

  /**
   * Command instead of the image's own.
   * @default - the image's entrypoint
   */
  readonly command?: string[];

  /**
   * Level from which on messages are logged, in `LOG_LEVEL`.
   * @default info
   */
  readonly logLevel?: LogLevel;

  /**
   * Parameters of the application, as environment variables. What follows from its relations is added to them.
   * @propertyNames {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "title": "a variable name (letters, digits and underscores, not beginning with a digit)"}
   * @default {}
   */
  readonly environment?: { [variable: string]: string | number | boolean };

  /**
   * Variables whose values are secret, by name.
   * @propertyNames {"pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "title": "a variable name (letters, digits and underscores, not beginning with a digit)"}
   * @default {}
   */
  readonly secrets?: { [variable: string]: SecretVariableSettings };

  /**
   * Identity of the cloud as which the application acts: the ARN of a role (AWS), the address of a service account
   * (Google Cloud), the client ID of a managed identity (Azure).
   * @pattern ^[!-~]+$
   * @title an identity of the cloud, without spaces
   * @default - none
   */
  readonly identity?: string;

  /**
   * CPU, memory and local disk of the application's container.
   * @default - as the construct says
   */
  readonly resources?: ResourcesSettings;
}

/** Something that wants to know who uses it, as a component of Dapr does, which only its users may reach. */
export interface IUseListener {
  /** Called when an application declares that it uses this. */
  onUsedBy(client: Workload): void;
}

/** How a relation is treated. */
export interface UseOptions {
  /**
   * Whether the application starts without it; then nothing waits for it.
   * @default - as the service says, else false
   */
  readonly optional?: boolean;
}

/** The order in which a file lists its keys means nothing. */
const byName = <T>(map: Record<string, T>) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));

/** Where a variable's value is, and how it comes there. */
export interface ResolvedSecretVariable {
  readonly secret: string;
  readonly key: string;
  readonly length: number;
  readonly provided: boolean;
}

/** An application with nothing left open. */
export interface ResolvedApplication {
  readonly image: ResolvedImage;
  readonly command: string[];
  readonly logLevel: LogLevel;
  readonly environment: Record<string, string>;
  readonly secrets: Record<string, ResolvedSecretVariable>;
  readonly identity?: string;
  readonly resources: ResolvedResources;
}

/** Fills in the defaults that follow from the settings and the workload's name. */
export function resolveApplication(
  name: string,
  settings: ApplicationSettings,
  resources: ResolvedResources,
): ResolvedApplication {
  const secrets = byName(settings.secrets ?? {}).map(([variable, given]) => [
    variable,
    {
      secret: given.secret ?? `${name}-secrets`,
      key: given.key ?? variable.toLowerCase().replace(/_/g, '-'),
      length: given.length ?? 48,
      provided: given.provided ?? false,
    },
  ]);
  const environment = Object.entries(settings.environment ?? {}).map(([key, value]) => [key, String(value)]);
  return {
    image: resolveImage(settings.image),
    command: settings.command ?? [],
    logLevel: settings.logLevel ?? 'info',
    environment: Object.fromEntries(environment),
    secrets: Object.fromEntries(secrets),
    identity: settings.identity,
    resources,
  };
}

/** How an application waits for something. */
interface Wait {
  readonly waitFor: WaitFor;
  /** Whether only its sidecar dials it. */
  readonly sidecarOnly: boolean;
}

/**
 * A workload that runs an application of ours: with parameters, secrets, and relations to what it uses.
 * @internal
 */
export abstract class Application extends Workload implements IApplication {
  /** The application's parameters. Pods roll when one changes. */
  public readonly configMap: KubeConfigMap;

  /** @internal */
  public readonly _resources: ResolvedResources;

  /**
   * Image of what runs the application's container beside its own pods: that of the newest version.
   * @internal
   */
  public _lentImage: ResolvedImage;

  private readonly application: ResolvedApplication;
  private readonly profile: ImageProfile;
  private readonly variables: Variables;
  private readonly files = new Map<string, SecretFile>();
  private readonly configFiles: ConfigFiles;
  private readonly waits = new Map<string, Wait>();
  private readonly identities: string[] = [];
  private readonly followers: Workload[] = [];

  protected constructor(scope: Construct, id: string, component: string, application: ResolvedApplication) {
    super(scope, id, { component, version: versionOf(application.image) });
    this.application = application;
    this.variables = new Variables(this);
    this._lentImage = application.image;
    this.configFiles = new ConfigFiles(this, `${id}-files`);
    this._resources = application.resources;
    this.profile = profileOf(this, 'image', application.image);
    checkTag(this, 'image', application.image);
    checkResources(this, 'resources', application.resources);

    this.configMap = new KubeConfigMap(this, 'config', {
      metadata: { name: `${id}-config` },
      data: Lazy.any({ produce: () => this.variables.configuration }),
    });
    this.addParameters({ LOG_LEVEL: application.logLevel, LOG_FORMAT: 'json' });
    this.addParameters(application.environment);
    for (const [variable, { secret, key, length, provided }] of Object.entries(application.secrets)) {
      Secrets.of(this).declare({ name: secret, keys: { [key]: provided ? { provided } : { length } } });
      this.variables.addSecret([{ variable, secret, key }]);
    }
    if (application.identity) this.assumeIdentity(application.identity);
  }

  /** Also tells the application what the cloud's libraries read beside the identity. */
  public assumeIdentity(identity: string): void {
    super.assumeIdentity(identity);
    this.addParameters(System.containing(this)._cloud.identity(this, 'identity', identity).environment);
    this.identities.push(identity);
    for (const follower of this.followers) follower.assumeIdentity(identity);
  }

  /**
   * Declares that the application uses something: its address and credentials become variables, the policies at both
   * ends are opened, and the application waits for it unless it is optional.
   */
  public use(target: IConnectable, options: UseOptions = {}): void {
    const endpoint = this.endpointOf(target);
    const optional = this.isOptional(endpoint, options);
    Connections.of(this).allow(this.peer, endpoint);
    this.addParameters(endpoint.environment ?? {});
    this.variables.addSecret(endpoint.secrets ?? []);
    this.variables.addComposed(endpoint.composed ?? {});
    for (const file of endpoint.files ?? []) this.files.set(file.path, file);
    if (endpoint.waitFor && !optional) this.addWait(endpoint.peer.name, endpoint);
    if ('onUsedBy' in target) (target as IConnectable & IUseListener).onUsedBy(this);
  }

  /** A service that says it itself has also said how its secrets are read: a client cannot say otherwise. */
  private isOptional({ peer, optional }: Endpoint, options: UseOptions): boolean {
    if (optional === undefined || options.optional === undefined || optional === options.optional) {
      return options.optional ?? optional ?? false;
    }
    const found = `expected what ${peer.name} says of itself (${optional}), got ${options.optional}`;
    throw new ValidationError(this, 'use.optional', `${found}; leave it out here, or change it at ${peer.name}`);
  }

  /**
   * Gives the application a file of configuration, read-only, by its absolute path. Its folder is mounted whole, so that
   * nothing of the image's is seen in it. Pods roll when the content changes.
   */
  public addConfigFile(path: string, content: string): void {
    this.configFiles.add(path, content);
  }

  private endpointOf(target: IConnectable): Endpoint {
    return 'endpointFor' in target
      ? (target as IConnectable & IAuthenticator).endpointFor(this.workloadName, Namespace.around(this).namespaceName)
      : target.endpoint;
  }

  /** Adds parameters, each of which may be set only once. */
  protected addParameters(parameters: { [variable: string]: string }): void {
    this.variables.add(parameters);
  }

  /** @internal */
  public _lendTo(follower: Workload): void {
    this.followers.push(follower);
    for (const identity of this.identities) follower.assumeIdentity(identity);
    Connections.of(this).follow(follower.peer, this.peer);
  }

  /** @internal */
  public _lentPod(name: string, command: string[], resources: ResolvedResources): LentPod {
    return {
      annotations: this.checksum(),
      profile: this.profile,
      containers: [this._applicationContainer(name, { command }, this._lentImage, resources)],
      initContainers: this._waitContainers(({ sidecarOnly }) => !sidecarOnly),
    };
  }

  /**
   * The containers that wait for what the application uses.
   * @internal
   */
  protected _waitContainers(isMeant: (wait: Wait) => boolean = () => true): HardenedContainer[] {
    const meant = [...this.waits].filter(([, wait]) => isMeant(wait));
    return meant.map(([name, { waitFor }]) => renderWaitFor(name, waitFor));
  }

  /**
   * A container of the application's image, or of another version of it, with all its variables.
   * @internal
   */
  protected _applicationContainer(
    name: string,
    fields: Parameters<typeof hardened>[1] = {},
    image: ResolvedImage = this.application.image,
    resources = this._resources,
  ): HardenedContainer {
    const { command } = this.application;
    const { profile, configFiles } = this;
    return hardened(
      { name, image, profile, resources, files: [...this.files.values()], configFiles },
      {
        command: command.length > 0 ? command : undefined,
        ...fields,
        env: this.variables.environment,
        envFrom: [{ configMapRef: { name: this.configMap.name } }],
      },
    );
  }

  /**
   * Profile of the application's image.
   * @internal
   */
  protected _applicationProfile(): ImageProfile {
    return this.profile;
  }

  /** Changes with every parameter and file, so that the pods roll. */
  protected checksum(): { [annotation: string]: string } {
    return { ...checksumOf(this.variables.configuration), ...this.configFiles.checksum };
  }

  /** What the application dials itself, those wait for, too, who run without its sidecar. */
  private addWait(name: string, { waitFor, sidecarOnly = false }: Endpoint): void {
    const known = this.waits.get(name);
    if (!waitFor || (known && sidecarOnly)) return;
    this.waits.set(name, { waitFor, sidecarOnly });
  }
}
