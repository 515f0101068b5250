import type { Construct } from 'constructs';

import { Edge } from '../edge/edge';
import type { EdgeSettings } from '../edge/settings';
import { System, type SystemSettings } from '../platform/system';
import { WebService, type WebServiceSettings } from '../workload/web-service';

/** What may differ between the environments of Contacts. */
export interface ContactsSettings extends SystemSettings {
  /** The web front: React, served by nginx. */
  readonly frontend: WebServiceSettings;

  /** The API: Flask. */
  readonly backend: WebServiceSettings;

  /** Host, certificate and origins at the edge. */
  readonly edge: EdgeSettings;
}

/** Contacts: a web front and an API in front of a database in the cloud, without which it goes on from memory. */
export class Contacts extends System {
  public constructor(scope: Construct, environment: string, settings: ContactsSettings) {
    super(scope, `contacts-${environment}`, { ...settings, system: 'contacts', environment });

    const backend = new WebService(this.layer('apps'), 'contact-backend', settings.backend);
    const frontend = new WebService(this.layer('apps'), 'contact-frontend', settings.frontend);

    const edge = new Edge(this.layer('edge'), 'edge', settings.edge);
    edge.route('/api', backend);
    edge.route('/', frontend);
  }
}
