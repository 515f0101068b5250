import { podTemplateOf } from './pod-template';

/** The end of something that settings choose: when, what to take instead, and who says so. */
export interface EndOfLife {
  /** What ends, as it is called in messages. */
  readonly name: string;

  /** Day on which support ended or ends, as YYYY-MM-DD. */
  readonly date: string;

  /** What to take instead. */
  readonly replacement: string;

  /** Who says so. */
  readonly source: string;
}

/** An image by the last part of its repository and what its tag begins with. */
interface ImageRow extends EndOfLife {
  readonly image: string;
  readonly tag: RegExp;
}

/** Images whose end is known. The first row that fits counts; an image without one has no known end. */
const IMAGES: readonly ImageRow[] = [
  {
    image: 'cp-kafka',
    tag: /^7\.[0-5]\./,
    name: 'Confluent Platform 7.5 (Kafka)',
    date: '2026-08-25',
    replacement: 'a newer release with kafka.mode: kraft, by its migration',
    source: 'Confluent, end of Platinum support',
  },
  {
    image: 'cp-zookeeper',
    tag: /^7\./,
    name: 'ZooKeeper in Confluent Platform',
    date: '2026-08-25',
    replacement: 'kafka.mode: kraft',
    source: 'Confluent, deprecated in 7.5 and removed in 8.0; end of Platinum support of 7.5',
  },
  {
    image: 'postgres',
    tag: /^16(\.|-|$)/,
    name: 'PostgreSQL 16',
    date: '2028-11-09',
    replacement: 'PostgreSQL 17 or newer, by dump and restore or pg_upgrade',
    source: 'PostgreSQL, versioning policy',
  },
  {
    image: 'postgres',
    tag: /^1[0-3](\.|-|$)/,
    name: 'PostgreSQL 13 and older',
    date: '2025-11-13',
    replacement: 'PostgreSQL 16 or newer, by dump and restore or pg_upgrade',
    source: 'PostgreSQL, versioning policy',
  },
];

/** A controller shows in the annotations that only it reads. */
const INGRESS_NGINX: EndOfLife = {
  name: 'ingress-nginx',
  date: '2026-03-24',
  replacement: 'edge.type: gateway-api',
  source: "the project's repository, archived read-only on that day",
};

/** The ends of what the finished objects of an environment use, each once, in the order of their names. */
export function endsOfLife(manifests: readonly any[]): EndOfLife[] {
  const images = manifests.flatMap((manifest) => {
    const pod = podTemplateOf(manifest)?.spec;
    return [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])].map(({ image }) => String(image));
  });
  const controllers = manifests.flatMap(({ kind, metadata: { annotations = {} } }) =>
    kind === 'Ingress' && Object.keys(annotations).some((key) => key.startsWith('nginx.ingress.kubernetes.io/'))
      ? [INGRESS_NGINX]
      : [],
  );
  const found = [...images.flatMap(endOfImage), ...controllers];
  return [...new Map(found.map((end) => [end.name, end])).values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function endOfImage(reference: string): EndOfLife[] {
  const [, image = '', tag = ''] = /(?:^|\/)([^/:@]+)(?::([^/@]+))?(?:@.*)?$/.exec(reference) ?? [];
  return IMAGES.filter((row) => row.image === image && row.tag.test(tag)).slice(0, 1);
}

/** What to tell on a day: what has ended by then, and what ends within half a year. */
export function lifecycleWarnings(ends: readonly EndOfLife[], today: Date): string[] {
  const soon = new Date(today.getTime() + 182 * 24 * 60 * 60 * 1000);
  return ends
    .filter(({ date }) => new Date(date) <= soon)
    .map(({ name, date, replacement, source }) => {
      const verb = new Date(date) <= today ? 'ended' : 'ends';
      return `${name} ${verb} on ${date} (${source}); take ${replacement}`;
    });
}
