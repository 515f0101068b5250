import type { WaitFor } from '../network/connectable';
import { type HardenedContainer, hardened } from './pod';
import { resolveImage } from './image';
import { resources } from './resources';

/** An init container that ends once a service answers. */
export function renderWaitFor(name: string, { image, script, secrets = [], files }: WaitFor): HardenedContainer {
  const resolved = resolveImage(image);
  const { user, group } = image;
  return hardened(
    {
      name: `wait-for-${name}`,
      image: resolved,
      // The tools only read: of the server's scratch folders none is needed.
      profile: { user, group, writablePaths: [] },
      resources: resources(['10m', '16Mi'], ['100m', '64Mi']),
      files,
    },
    {
      command: ['sh', '-c', `until ${script}; do echo "waiting for ${name}"; sleep 2; done`],
      env: secrets.map(({ variable, secret, key }) => ({
        name: variable,
        valueFrom: { secretKeyRef: { name: secret, key } },
      })),
    },
  );
}
