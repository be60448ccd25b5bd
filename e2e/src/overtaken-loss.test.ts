import { memoryConnectionPair } from '@espalier/proto';
import { parseJob } from '@espalier/server';
import { expect, it } from '@jest/globals';
import { hostCoordinator } from './support/in-process.js';
import { Puppet } from './support/puppet.js';
import { stubTrainer } from './support/stub-trainer.js';
import { TINY_JOB } from './support/tiny-job.js';

/**
 * A coordinator that learned of a broken connection between its client's new join and the seat that follows took the
 * client for away, and never answered its canary. How many turns of the queue lie between is tried out.
 */
it('a loss that is noticed while its client is coming back does not leave it waiting for ever', async () => {
  const job = parseJob(TINY_JOB, { overrides: ['numClients=2', 'returnTimeout=60'] });
  const { coordinator } = await hostCoordinator(job, { trainer: stubTrainer() });
  const connect = (): Puppet => {
    const [near, far] = memoryConnectionPair();
    coordinator.accept(near);
    return new Puppet(far);
  };
  let old = connect();
  const join = await old.joinMessage(0);
  await old.send(join);
  const welcome = await old.next('welcome');
  old.received.push(welcome);
  await old.proveStub();
  for (let turns = 0; turns < 30; turns++) {
    const back = connect();
    await back.next('challenge');
    void back.send(Object.assign({ ...join }, { returnToken: welcome.returnToken }));
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    old.vanish();
    await back.proveStub();
    const [client] = coordinator.status().clients;
    expect([turns, client?.presence, client?.admitted]).toEqual([turns, 'present', true]);
    old = back;
  }
  coordinator.stop('over');
  await coordinator.ended.catch(() => undefined);
});
