/** @tools busybox */
import { createServer, type Server as Listener } from 'node:net';
import { join } from 'node:path';

import { ExternalService } from '../../src/network/external-service';
import { WebService } from '../../src/workload/web-service';
import { finished, testSystem } from '../support/system';
import { freePort, type Server, startProcess } from './support/process';
import { proof } from './support/proof';
import { toolPath } from './support/tools';

const HOST = 'api.example.com';

/** What a client of a service on this port runs before it starts; its name leads to this machine. */
function waitScript(port: number): string {
  const system = testSystem();
  const api = new ExternalService(system.layer('data'), 'api', {
    hosts: [HOST],
    cidrs: ['192.0.2.0/28'],
    ports: [port],
  });
  const image = { repository: 'acme/shop', tag: '1', profile: 'fastapi' as const };
  const backend = new WebService(system.layer('apps'), 'backend', { image, port: 8080 });
  backend.use(api);
  const [wait] = finished(system).one('Deployment', 'backend').spec.template.spec.initContainers;
  return wait.command.at(-1).split(HOST).join('127.0.0.1');
}

const startWait = (port: number): Promise<Server> => {
  const tools = toolPath('busybox', 'bin');
  return startProcess('wait', join(tools, 'sh'), ['-c', `PATH=${tools}\n${waitScript(port)}`], { line: /./ });
};

const listen = (port: number) =>
  new Promise<Listener>((done) => {
    // It takes the connection and says nothing, as many a server does until it is spoken to.
    const listener = createServer(() => undefined).listen(port, '127.0.0.1', () => done(listener));
  });

proof('a client waits until a service outside takes its connection, and not for an answer', async () => {
  const port = await freePort();
  const wait = await startWait(port);
  const tries = () => wait.output.split('waiting for api').length - 1;
  await wait.until('the second try', () => tries() >= 2);
  const before = tries();
  const listener = await listen(port);
  const ended = await wait.ending(20);
  listener.close();
  expect(ended).toBe('code 0');
  return `${before} tries in vain, and on after the first that was taken`;
});
