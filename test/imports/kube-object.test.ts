import { App, Chart, JsonPatch } from 'cdk8s';
import { Construct } from 'constructs';

import { KubeClusterRole, KubeConfigMap, KubeDeployment } from '../../imports/k8s';

const chart = () => new Chart(new App(), 'chart', { namespace: 'home', labels: { from: 'chart' } });

class Labelled extends Construct {
  public readonly labels = { from: 'near', kept: 'yes' };
}

describe('KubeObject', () => {
  test('renders every field it is given, known or not', () => {
    const spec = {
      template: {
        spec: { containers: [{ name: 'a', lifecycle: { preStop: { sleep: { seconds: 3 } } } }], future: { field: 1 } },
      },
      selector: {},
    };
    const object = new KubeDeployment(chart(), 'd', { metadata: { name: 'd' }, spec: spec as never });
    expect(object.toJson().spec).toEqual(spec);
  });

  test('takes namespace and labels from the tree, the nearest last and its own above all', () => {
    const near = new Labelled(chart(), 'near');
    const object = new KubeConfigMap(near, 'c', { metadata: { name: 'c', labels: { own: '1' } } });
    expect(object.toJson().metadata).toEqual({
      name: 'c',
      namespace: 'home',
      labels: { from: 'near', kept: 'yes', own: '1' },
    });
    const elsewhere = new KubeConfigMap(near, 'e', { metadata: { name: 'e', namespace: 'away' } });
    expect(elsewhere.toJson().metadata.namespace).toBe('away');
  });

  test('a cluster-scoped object has no namespace', () => {
    const role = new KubeClusterRole(chart(), 'r', { metadata: { name: 'r' } });
    expect(role.toJson().metadata).toEqual({ name: 'r', labels: { from: 'chart' } });
  });

  test('overrides: maps merge, null removes, named lists merge by name, other lists are replaced', () => {
    const object = new KubeConfigMap(chart(), 'c', {
      metadata: { name: 'c', annotations: { a: '1', b: '2' } },
      data: { k: 'v' },
      items: [{ name: 'x', value: 1 }],
      plain: [1, 2],
    } as never);
    object.override({
      metadata: { annotations: { a: null!, c: '3' } },
      items: [{ name: 'x', more: true }, { name: 'y' }],
      plain: [3],
      fresh: { below: undefined, kept: 1 },
    } as never);
    object.override({ data: { k: 'w' } });
    expect(object.toJson()).toMatchObject({
      metadata: { annotations: { b: '2', c: '3' } },
      data: { k: 'w' },
      items: [{ name: 'x', value: 1, more: true }, { name: 'y' }],
      plain: [3],
      fresh: { kept: 1 },
    });
    expect(object.toJson().metadata.annotations).not.toHaveProperty('a');
  });

  test('a JSON patch of cdk8s works as well, before overrides', () => {
    const object = new KubeConfigMap(chart(), 'c', { metadata: { name: 'c' }, data: { a: '1' } });
    object.addJsonPatch(JsonPatch.replace('/data/a', '2'), JsonPatch.add('/data/b', '3'));
    object.override({ data: { b: '4' } });
    expect(object.toJson().data).toEqual({ a: '2', b: '4' });
  });
});
